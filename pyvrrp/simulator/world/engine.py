"""One heap of jobs in true time: whatever happens in a simulated world happens from here."""

import heapq
from collections.abc import Callable
from typing import TypeAlias

from pyvrrp.errors import VrrpError
from pyvrrp.units import SECOND, Nanoseconds

Job: TypeAlias = Callable[[], None]

MOST_AT_ONCE = 200_000  # jobs of one instant; more are a loop in the program under test


class RunawayError(VrrpError):
    """The program under test keeps asking for work without letting time pass."""


class Engine:
    """True time, which no node sees, and what is to happen in it. Equal instants keep order."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = Nanoseconds(0)
        self._heap: list[tuple[int, int, Job]] = []
        self._count = 0

    def at(self, when: int, job: Job) -> None:
        """Run *job* at *when*, or in a later turn of the present instant if that has passed."""
        self._count += 1
        now = self.now
        heapq.heappush(self._heap, (max(when, now), self._count, job))

    def run(self, until: Nanoseconds) -> None:
        """Let time pass up to and including *until*; raise RunawayError if it stands still."""
        heap, pop = self._heap, heapq.heappop
        at_once = 0
        while heap and heap[0][0] <= until:
            when, _, job = pop(heap)
            if when == self.now:
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    raise RunawayError(f"time stands still at {when / SECOND:.6f} s")
            else:
                at_once = 0
                self.now = Nanoseconds(when)
            job()
        self.now = until
