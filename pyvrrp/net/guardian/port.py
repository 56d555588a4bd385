"""Who stops resources when the daemon cannot: implementations of `pyvrrp.ports.Guardian`."""

import fcntl
import os
from errno import EWOULDBLOCK

from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.guardian.records import StopRecord
from pyvrrp.ports import StopOrder
from pyvrrp.units import to_seconds


class NoGuardian:
    """Nobody: a daemon without a guardian leaves its resources running when it dies."""

    def register(self, order: StopOrder) -> None:
        """Take no note of it."""

    def withdraw(self, router: str, resource: str) -> None:
        """Forget nothing."""

    def acting(self) -> bool:
        """Never."""
        return False

    def interventions(self) -> int:
        """None."""
        return 0


class GuardianPort:
    """The guardian of this process, and that of the life before it while it is still at work."""

    def __init__(self, guardian: GuardianProcess) -> None:
        self._guardian = guardian
        self._alone = False  # whether the guardian of an earlier life is known to be gone

    def register(self, order: StopOrder) -> None:
        """Know of a resource that is about to be started."""
        # First, or the guardian could take the silence until now for that of a daemon that hangs.
        self._guardian.pulse.beat()
        self._guardian.register(
            StopRecord(
                router=order.router,
                resource=order.resource,
                stop=order.stop.words,
                environment=order.stop.environment,
                netns=order.stop.netns,
                timeout=to_seconds(order.timeout),
                alarm=() if order.alarm is None else order.alarm.words,
                watchdog=to_seconds(order.watchdog),
            )
        )

    def withdraw(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""
        self._guardian.withdraw(router, resource)

    def acting(self) -> bool:
        """Whether this one or an earlier one acts now."""
        self._alone = self._alone or not _is_locked(self._guardian.lock)
        self._guardian.pulse.beat()
        return not self._alone or self._guardian.pulse.is_guardian_acting

    def interventions(self) -> int:
        """How often it has stopped everything."""
        return self._guardian.pulse.interventions


def _is_locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False  # there is none: no guardian has had anything to do
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno == EWOULDBLOCK
    finally:
        os.close(descriptor)
    return False
