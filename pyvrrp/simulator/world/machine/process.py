"""One daemon process: it runs, is stopped (SIGSTOP), or is dead."""

from collections.abc import Callable
from enum import StrEnum, auto
from functools import partial
from random import Random

from pyvrrp.simulator.world.engine import Arguments, Job


class ProcessLife(StrEnum):
    """What a process is doing."""

    RUNNING = auto()
    STOPPED = auto()
    DEAD = auto()


class SimulatedProcess:
    """Runs callbacks while the process runs, and keeps them while it is stopped.

    When it continues, its sockets and its timers are ready at once. The
    daemon's timers come from a timerfd, and epoll hands out descriptors in the order in which
    they became ready, so either may come first: the seed decides. A virtual router that reaches
    a deadline reads its socket before it acts on the deadline, in either order.
    """

    __slots__ = ("_owed_io", "_owed_timers", "_random", "life")

    def __init__(self, random: Random) -> None:
        self.life = ProcessLife.RUNNING
        self._random = random
        self._owed_io: list[Job] = []
        self._owed_timers: list[Job] = []

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.life is ProcessLife.RUNNING

    def io(self, job: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Run *job*, which a descriptor is ready for: now, when the process continues, or never."""
        if self.life is ProcessLife.RUNNING:
            job(*arguments)
        elif self.life is ProcessLife.STOPPED:
            self._owed_io.append(partial(job, *arguments))

    def timer(self, job: Job) -> None:
        """Run *job*, which is due: now, when the process continues, or never."""
        if self.life is ProcessLife.RUNNING:
            job()
        elif self.life is ProcessLife.STOPPED:
            self._owed_timers.append(job)

    def stop(self) -> None:
        """SIGSTOP."""
        if self.life is ProcessLife.RUNNING:
            self.life = ProcessLife.STOPPED

    def resume(self) -> None:
        """SIGCONT: everything that waits happens now, before anything new."""
        if self.life is not ProcessLife.STOPPED:
            return
        self.life = ProcessLife.RUNNING
        io, timers = self._owed_io, self._owed_timers
        self._owed_io, self._owed_timers = [], []
        jobs = [*timers, *io] if self._random.random() < 0.5 else [*io, *timers]  # noqa: PLR2004 - a coin
        for job in jobs:
            job()

    def kill(self) -> None:
        """SIGKILL: nothing that it had planned happens any more."""
        self.life = ProcessLife.DEAD
        self._owed_io.clear()
        self._owed_timers.clear()
