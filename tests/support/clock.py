"""Time moved by hand."""

import heapq
from collections.abc import Callable

from pyvrrp.units import SECOND, Nanoseconds


class FakeHandle:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """A heap of deadlines; `run` jumps from one to the next."""

    def __init__(self) -> None:
        self._now = Nanoseconds(0)
        self._heap: list[tuple[Nanoseconds, int, FakeHandle, Callable[[], None]]] = []
        self._count = 0
        self.after_each: Callable[[], None] = lambda: None  # looks at the world after each callback

    def now(self) -> Nanoseconds:
        return self._now

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> FakeHandle:
        handle = FakeHandle()
        self._count += 1
        heapq.heappush(self._heap, (max(when, self._now), self._count, handle, callback))
        return handle

    def soon(self, callback: Callable[[], None]) -> None:
        self.call_at(self._now, callback)

    def run(self, seconds: float) -> None:
        end = Nanoseconds(self._now + round(seconds * SECOND))
        steps = 0
        while self._heap and self._heap[0][0] <= end:
            when, _, handle, callback = heapq.heappop(self._heap)
            self._now = max(self._now, when)
            if not handle.cancelled:
                callback()
                self.after_each()
            steps += 1
            assert steps < 1_000_000, "time stands still"
        self._now = end

    def stall(self, seconds: float) -> None:
        """Let time pass while nothing runs, as for a stopped process."""
        self._now = Nanoseconds(self._now + round(seconds * SECOND))
