"""Wait until the address lease has certainly run out, where the kernel refuses to remove addresses.

Only the time in which this process was awake counts: while a machine is suspended the kernel's
lifetimes stand still. A request that may lengthen the lease, and is not answered yet, starts the
count anew.
"""

from collections.abc import Callable

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

# The kernel notices the end of a lifetime up to half a second late; a second is for safety.
KERNEL_LATENESS = Nanoseconds(1500 * MILLISECOND)
LOOK_EVERY = Nanoseconds(250 * MILLISECOND)


class LeaseEnd:
    """The end of the address lease of one virtual router, counted from the last renewal on.

    *is_open* tells whether a request that lengthens the lease has no answer yet. *reached* is
    called at the end.
    """

    def __init__(
        self, clock: Clock, is_open: Callable[[], bool], reached: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._is_open = is_open
        self._reached = reached
        self._length = 0
        self._left = 0
        self._counted_at = clock.now()
        self._counts = False
        self._timer = DeadlineTimer(clock, self._count)

    def begin(self, lease: int) -> None:
        """Count from now on, unless that has begun: the lease of *lease* seconds is given up."""
        if self._counts:
            return
        self._counts = True
        self._length = self._left = lease * SECOND + KERNEL_LATENESS
        self._counted_at = self._clock.now()
        self._timer.set(Nanoseconds(self._counted_at + LOOK_EVERY))

    def stop(self) -> None:
        """Count no more. A second call does nothing."""
        self._counts = False
        self._timer.set(None)

    def _count(self) -> None:
        now = self._clock.now()
        # A late look may mean that the machine was suspended in between.
        passed = min(now - self._counted_at, LOOK_EVERY)
        self._counted_at = now
        self._left = self._length if self._is_open() else self._left - passed
        if self._left > 0:
            self._timer.set(Nanoseconds(now + LOOK_EVERY))
        else:
            self._counts = False
            self._reached()
