"""Monotonic time that goes on while the machine sleeps, and timers on one timerfd.

asyncio's own timers are 1.1 ms late, since they go through a poll timeout in milliseconds; a
timerfd is 0.04 ms late.
"""

import asyncio
import heapq
import os
import time
from collections.abc import Callable
from itertools import count

from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.libc import arm_timer, boottime_timer
from pyvrrp.units import Nanoseconds

_COMPACT_ABOVE = 64


class TimerHandle:
    """One timer that has been asked for."""

    __slots__ = ("_callback", "_cancelled", "when")

    def __init__(
        self, when: Nanoseconds, callback: Callable[[], None], cancelled: Callable[[], None]
    ) -> None:
        self.when = when
        self._callback: Callable[[], None] | None = callback
        self._cancelled = cancelled

    @property
    def pending(self) -> bool:
        """Whether it has neither run nor been called off."""
        return self._callback is not None

    def cancel(self) -> None:
        """Call it off; harmless when it has run or was called off before."""
        if self._callback is not None:
            self._callback = None
            self._cancelled()

    def run(self) -> None:
        """Call the callback, once at most."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class MonotonicClock:
    """CLOCK_BOOTTIME: a suspended machine's time passes too, steps of the wall clock do not."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[Nanoseconds, int, TimerHandle]] = []
        self._order = count()
        self._dead = 0
        self._armed: Nanoseconds | None = None
        self._firing = False
        try:
            self._timer = boottime_timer()
        except OSError as error:
            raise refused("cannot make a timer", error) from error
        loop.add_reader(self._timer, self._fire)

    def now(self) -> Nanoseconds:
        """Return nanoseconds since the machine started."""
        return Nanoseconds(time.clock_gettime_ns(time.CLOCK_BOOTTIME))

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> TimerHandle:
        """Call *callback* at *when* or as soon after as possible, never before this returns."""
        handle = TimerHandle(when, callback, self._count_cancelled)
        heapq.heappush(self._heap, (when, next(self._order), handle))
        if not self._firing and (self._armed is None or when < self._armed):
            self._arm(when)
        return handle

    def close(self) -> None:
        """Forget every timer and give the descriptor back."""
        if self._timer < 0:
            return
        self._loop.remove_reader(self._timer)
        os.close(self._timer)
        self._timer = -1
        self._heap.clear()

    def _arm(self, when: Nanoseconds) -> None:
        if self._timer >= 0:
            arm_timer(self._timer, when)
            self._armed = when

    def _fire(self) -> None:
        self._acknowledge()
        self._armed = None
        self._firing = True
        try:
            for handle in self._due():
                if self._timer >= 0:
                    self._run(handle)
        finally:
            self._firing = False
        self._drop_cancelled_head()
        if self._heap:
            self._arm(self._heap[0][0])

    def _acknowledge(self) -> None:
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            # It was armed anew between the wake-up and here.
            return

    def _due(self) -> list[TimerHandle]:
        # What a callback asks for runs in the next turn of the loop, so that sockets get theirs.
        now = self.now()
        due = []
        while self._heap and self._heap[0][0] <= now:
            handle = heapq.heappop(self._heap)[2]
            if handle.pending:
                due.append(handle)
            else:
                self._dead -= 1
        return due

    def _run(self, handle: TimerHandle) -> None:
        try:
            handle.run()
        except Exception as error:  # noqa: BLE001  - one callback's fault must not stop the others
            self._loop.call_exception_handler(
                {"message": "a timer callback failed", "exception": error}
            )

    def _drop_cancelled_head(self) -> None:
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
            self._dead -= 1

    def _count_cancelled(self) -> None:
        self._dead += 1
        if self._dead > _COMPACT_ABOVE and 2 * self._dead > len(self._heap) and not self._firing:
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)
            self._dead = 0
