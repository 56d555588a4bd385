"""The time after the start, or after boot, in which a virtual router takes no part."""

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds, in_words


class StartupDelay(BaseConcern):
    """Keeps its router in INIT for *after_start*, and until *after_boot* has passed since boot.

    The clock counts from boot. What ends later counts.
    """

    name = "startup_delay"

    def __init__(
        self,
        router: RouterControl,
        after_start: Nanoseconds,
        after_boot: Nanoseconds,
        clock: Clock,
    ) -> None:
        self._router = router
        self._after_start = after_start
        self._after_boot = after_boot
        self._clock = clock
        self._over = DeadlineTimer(clock, lambda: router.obstacle(self, ""))

    def start(self) -> None:
        """Begin to wait."""
        now = self._clock.now()
        ends = max(self._after_boot, Nanoseconds(now + self._after_start))
        if ends > now:
            self._router.obstacle(self, f"startup delay of {in_words(Nanoseconds(ends - now))}")
            self._over.set(ends)

    def stop(self) -> None:
        """Wait no more."""
        self._over.set(None)
