"""Monotonic time that goes on while the machine sleeps, and timers on one timerfd.

asyncio's own timers are 1.1 ms late, since they go through a poll timeout in milliseconds; a
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
    """One timer that has been asked for."""

    __slots__ = ("_callback", "_clock")

    def __init__(self, callback: Callable[[], None], clock: "MonotonicClock") -> None:
        self._callback: Callable[[], None] | None = callback
        self._clock = clock

    @property
    def pending(self) -> bool:
        """Whether it has neither run nor been called off."""
        return self._callback is not None

    def cancel(self) -> None:
        """Call it off; harmless when it has run or was called off before."""
        if self._callback is not None:
            self._callback = None
            self._clock.count_cancelled()

    def take(self) -> Callable[[], None] | None:
        """Return what to call, once at most."""
        callback, self._callback = self._callback, None
        return callback


class MonotonicClock:
    """CLOCK_BOOTTIME: a suspended machine's time passes too, steps of the wall clock do not.

    ``now()`` returns nanoseconds since the machine started.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # A number for each timer, so that two of the same time run in the order of asking.
        self._heap: list[tuple[Nanoseconds, int, TimerHandle]] = []
        self._asked = 0
        self._dead = 0  # in the heap, called off
        self._armed = _NEVER
        self._firing = False
        # Called for each packet and each timer, so there is no Python function around it.
        boottime = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
        self.now = cast("Callable[[], Nanoseconds]", boottime)
        try:
            self._timer = boottime_timer()
        except OSError as error:
            raise refused("cannot make a timer", error) from error
        loop.add_reader(self._timer, self._fire)

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> TimerHandle:
        """Call *callback* at *when* or as soon after as possible, never before this returns."""
        handle = TimerHandle(callback, self)
        self._asked += 1
        heappush(self._heap, (when, self._asked, handle))
        if when < self._armed and not self._firing:
            self._arm(when)
        return handle

    def count_cancelled(self) -> None:
        """TimerHandle: one was called off. Those are removed when they are many."""
        self._dead += 1
        if self._dead > _COMPACT_ABOVE and 2 * self._dead > len(self._heap) and not self._firing:
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapify(self._heap)
            self._dead = 0

    def close(self) -> None:
        """Forget every timer and give the descriptor back."""
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
        # What a callback asks for runs in the next turn of the loop, so that sockets get theirs.
        now, heap = self.now(), self._heap
        due = []
        while heap and heap[0][0] <= now:
            handle = heappop(heap)[2]
            if handle.pending:
                due.append(handle)
            else:
                self._dead -= 1
        return due

    def _run(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001  - one callback's fault must not stop the others
            self._loop.call_exception_handler(
                {"message": "a timer callback failed", "exception": error}
            )

    def _arm_for_the_next(self) -> None:
        # Either way the timer is not readable any more, so that it need not be read.
        heap = self._heap
        while heap and not heap[0][2].pending:
            heappop(heap)
            self._dead -= 1
        if heap:
            self._arm(heap[0][0])
        elif self._timer >= 0:
            disarm_timer(self._timer)
            self._armed = _NEVER
