"""The implementations of `pyvrrp.ports.Guardian`."""

import fcntl
import os
from errno import EWOULDBLOCK

from pyvrrp.foreign_text import environment
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.guardian.records import StopRecord
from pyvrrp.ports import StopOrder
from pyvrrp.units import to_seconds


class NoGuardian:
    """For a daemon without a guardian: its resources continue to run when it dies."""

    def register(self, order: StopOrder) -> None:
        """Do nothing."""

    def withdraw(self, router: str, resource: str) -> None:
        """Do nothing."""

    def acting(self) -> bool:
        """Return False."""
        return False

    def interventions(self) -> int:
        """Return 0."""
        return 0


class GuardianPort:
    """The guardian of this process, and that of an earlier process while it still acts."""

    def __init__(self, process: GuardianProcess) -> None:
        self._process = process
        self._alone = False  # the guardian of an earlier process is known to have ended

    def register(self, order: StopOrder) -> None:
        """Register a resource that is about to start."""
        # The sign of life comes first. The guardian could take the silence before the first
        # exclusive resource for that of a daemon that hangs.
        self._process.page.give_sign_of_life()
        self._process.register(
            StopRecord(
                router=order.router,
                resource=order.resource,
                stop=order.stop.words,
                environment=tuple(environment(order.stop.environment).items()),
                netns=order.stop.netns,
                timeout=to_seconds(order.timeout),
                alarm=() if order.alarm is None else order.alarm.words,
                watchdog=to_seconds(order.watchdog),
            )
        )

    def withdraw(self, router: str, resource: str) -> None:
        """Withdraw the stop order of a resource that has stopped."""
        self._process.withdraw(router, resource)

    def acting(self) -> bool:
        """Return whether this guardian or an earlier one acts now."""
        self._alone = self._alone or not _is_locked(self._process.lock)
        self._process.page.give_sign_of_life()
        return not self._alone or self._process.page.is_guardian_acting

    def interventions(self) -> int:
        """Return how often it has stopped all resources because signs of life were missing."""
        return self._process.page.interventions


def _is_locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # there is no such file: no guardian has had anything to do
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno == EWOULDBLOCK
    finally:
        os.close(descriptor)
    return False
