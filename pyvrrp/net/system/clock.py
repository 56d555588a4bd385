"""Monotonic time that passes while the machine is suspended, and timers on one timerfd.

The timers of asyncio are 1.1 ms late, because the timeout of its poll counts in milliseconds. A
timerfd is 0.04 ms late.
"""

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from typing import cast

from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.libc import arm_timer, boottime_timer, disarm_timer
from pyvrrp.units import Nanoseconds

_COMPACT_ABOVE = 64
_NEVER = 1 << 63  # later than any time that a timerfd knows


class TimerHandle:
    """One callback that is to be called at a certain time."""

    __slots__ = ("_callback", "_clock")

    def __init__(self, callback: Callable[[], None], clock: "MonotonicClock") -> None:
        self._callback: Callable[[], None] | None = callback
        self._clock = clock

    @property
    def pending(self) -> bool:
        """Whether it has neither run nor been cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Cancel it. A second call, or one after it has run, does nothing."""
        if self._callback is not None:
            self._callback = None
            self._clock.count_cancelled()

    def take(self) -> Callable[[], None] | None:
        """Return the callback; None if it has run or was cancelled. It runs once at most."""
        callback, self._callback = self._callback, None
        return callback


class MonotonicClock:
    """Implements `ports.Clock` on CLOCK_BOOTTIME.

    Its time passes while the machine is suspended, and a change of the wall clock has no effect.
    ``now()`` returns nanoseconds since the machine started.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # With a number for each timer: those of the same time run in the order of the requests.
        self._heap: list[tuple[Nanoseconds, int, TimerHandle]] = []
        self._asked = 0
        self._cancelled = 0  # of those in the heap
        self._armed = _NEVER
        self._firing = False
        # It is called for each packet and each timer: a C function without one of Python around.
        boottime = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
        self.now = cast("Callable[[], Nanoseconds]", boottime)
        try:
            self._timer = boottime_timer()
        except OSError as error:
            raise refused("cannot make a timer", error) from error
        loop.add_reader(self._timer, self._fire)

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> TimerHandle:
        """Call *callback* at *when* or as soon after that as possible, not before this returns."""
        handle = TimerHandle(callback, self)
        self._asked += 1
        heappush(self._heap, (when, self._asked, handle))
        if when < self._armed and not self._firing:
            self._arm(when)
        return handle

    def count_cancelled(self) -> None:
        """Note that a timer in the heap was cancelled. Many of them are removed together."""
        self._cancelled += 1
        if (
            self._cancelled > _COMPACT_ABOVE
            and 2 * self._cancelled > len(self._heap)
            and not self._firing
        ):
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapify(self._heap)
            self._cancelled = 0

    def close(self) -> None:
        """Cancel all timers and close the descriptor."""
        if self._timer < 0:
            return
        self._loop.remove_reader(self._timer)
        os.close(self._timer)
        self._timer = -1
        self._heap.clear()

    def _arm(self, when: int) -> None:
        if self._timer >= 0:
            arm_timer(self._timer, when)
            self._armed = when

    def _fire(self) -> None:
        self._firing = True
        try:
            for handle in self._due():
                callback = handle.take()
                if callback is not None and self._timer >= 0:
                    self._run(callback)
        finally:
            self._firing = False
            self._arm_for_the_next()

    def _due(self) -> list[TimerHandle]:
        # A timer that a callback sets runs in the next turn of the loop, after the sockets.
        now, heap = self.now(), self._heap
        due = []
        while heap and heap[0][0] <= now:
            handle = heappop(heap)[2]
            if handle.pending:
                due.append(handle)
            else:
                self._cancelled -= 1
        return due

    def _run(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001  - an error in one callback must not stop the others
            self._loop.call_exception_handler(
                {"message": "a timer callback failed", "exception": error}
            )

    def _arm_for_the_next(self) -> None:
        # Both ways the descriptor is not readable any more, so it need not be read.
        heap = self._heap
        while heap and not heap[0][2].pending:
            heappop(heap)
            self._cancelled -= 1
        if heap:
            self._arm(heap[0][0])
        elif self._timer >= 0:
            disarm_timer(self._timer)
            self._armed = _NEVER
