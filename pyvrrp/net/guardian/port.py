"""Who stops resources when the daemon cannot: implementations of `pyvrrp.ports.Heir`."""

import fcntl
import os
from errno import EWOULDBLOCK

from pyvrrp.net.guardian.parent import Guardian
from pyvrrp.net.guardian.records import Will
from pyvrrp.ports import Legacy
from pyvrrp.units import to_seconds


class NoHeir:
    """Nobody: a daemon without a guardian leaves its resources running when it dies."""

    def inherit(self, legacy: Legacy) -> None:
        """Take no note of it."""

    def disinherit(self, router: str, resource: str) -> None:
        """Forget nothing."""

    def acting(self) -> bool:
        """Never."""
        return False

    def interventions(self) -> int:
        """None."""
        return 0


class GuardianHeir:
    """The guardian of this process, and that of the life before it while it is still at work."""

    def __init__(self, guardian: Guardian) -> None:
        self._guardian = guardian
        self._alone = False  # whether the guardian of an earlier life is known to be gone

    def inherit(self, legacy: Legacy) -> None:
        """Know of a resource that is about to be started."""
        # First, or the guardian could take the silence until now for that of a daemon that hangs.
        self._guardian.pulse.beat()
        self._guardian.inherit(
            Will(
                router=legacy.router,
                resource=legacy.resource,
                stop=legacy.stop.words,
                environment=legacy.stop.environment,
                netns=legacy.stop.netns,
                timeout=to_seconds(legacy.timeout),
                alarm=() if legacy.alarm is None else legacy.alarm.words,
                watchdog=to_seconds(legacy.watchdog),
            )
        )

    def disinherit(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""
        self._guardian.disinherit(router, resource)

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
