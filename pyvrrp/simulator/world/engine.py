"""True time and one heap of jobs: everything that happens in a simulated world starts here."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias, TypeVarTuple

from pyvrrp.errors import VrrpError
from pyvrrp.units import SECOND, Nanoseconds

Job: TypeAlias = Callable[[], None]
Arguments = TypeVarTuple("Arguments")

MOST_AT_ONCE = 200_000  # jobs of one instant; more are a loop in the program under test


class RunawayError(VrrpError):
    """The program under test plans more and more work at the same instant."""


class Engine:
    """True time, which no node sees, and the jobs to run. Jobs of one instant keep their order."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0  # ns
        self._heap: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._count = 0

    def at(self, when: int, job: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Call *job* with *arguments* at *when*.

        A time that has passed means the present instant, after all jobs that it has already.
        """
        self._count += 1
        when = max(when, self.now)
        heappush(self._heap, (when, self._count, job, arguments))

    def after(self, delay: int, job: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Call *job* with *arguments* when *delay* has passed."""
        self._count += 1
        heappush(self._heap, (self.now + delay, self._count, job, arguments))

    def run(self, until: Nanoseconds) -> None:
        """Let time pass up to and including *until*; raise RunawayError if it stands still."""
        heap = self._heap
        now = self.now
        at_once = 0
        while heap and heap[0][0] <= until:
            when, _, job, arguments = heappop(heap)
            if when == now:
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    raise RunawayError(f"time stands still at {when / SECOND:.6f} s")
            else:
                at_once = 0
                now = when
                self.now = when
            job(*arguments)
        self.now = until
