"""The exec check: a program must end with exit status 0 in time."""

import asyncio
import signal
from collections.abc import Coroutine
from functools import partial
from uuid import uuid4

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes.child import Child
from pyvrrp.clients.processes.kill_leftovers import kill_leftovers
from pyvrrp.clients.processes.spawn import ProgramRun, spawn
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.foreign_text import printable

_PATIENCE = 2.0  # seconds that the daemon waits for killed programs when it ends
_CANNOT_EXECUTE = frozenset((126, 127))  # setpriv(1)


class ExecProbe:
    """Runs programs, and kills each that does not end in time."""

    def __init__(self) -> None:
        self._starting: ThreadedCalls[str, ProgramRun] = ThreadedCalls()
        self._killing: ThreadedCalls[str, int] = ThreadedCalls()
        # Tasks that wait until killed programs have ended.
        self._ending: dict[ExecProbeConfig, set[asyncio.Task[None]]] = {}

    async def run(self, probe: ExecProbeConfig, progress: ProbeProgress) -> str:
        """Return how long the program ran. Raise ProbeError if it did not end with status 0."""
        await self._wait_for_killed_runs(probe, progress)
        progress.phase = f"while starting {probe.command[0]}"
        child = await self._start(probe)
        progress.overdue = "killed after"
        try:
            status = await child.ended()
        except asyncio.CancelledError:
            child.kill()
            self._keep_waiting(probe, self._end(child))
            raise
        check_end(probe, status, child)
        return f"exit status 0 in {progress.elapsed()}"

    async def close(self) -> None:
        """Wait until the killed programs have ended, but at most 2 s."""
        tasks = {task for tasks in self._ending.values() for task in tasks}
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait_for_killed_runs(self, probe: ExecProbeConfig, progress: ProbeProgress) -> None:
        # A program that waits for a disk or an NFS server does not end even after SIGKILL. Until
        # it has ended, another one of the same check would have to wait too.
        progress.phase = "while the run before could not be killed"
        if before := self._ending.get(probe):
            await asyncio.wait(set(before))

    async def _start(self, probe: ExecProbeConfig) -> Child:
        mark = uuid4().hex
        starting = self._starting.start(mark, partial(spawn, probe, mark))
        try:
            outcome = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._keep_waiting(probe, self._kill_when_started(starting))
            raise
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return Child(outcome)

    async def _kill_when_started(self, starting: "asyncio.Future[ProgramRun | Failure]") -> None:
        outcome = await asyncio.shield(starting)
        if isinstance(outcome, ProgramRun):
            child = Child(outcome)
            child.kill()
            await self._end(child)

    async def _end(self, child: Child) -> None:
        """Kill the processes that are left of the run, and wait until the program has ended."""
        run = child.run
        killing = self._killing.start(run.mark, partial(kill_leftovers, child.pid, run.mark))
        try:
            await asyncio.shield(killing)
            await child.ended()
        except asyncio.CancelledError:
            child.abandon()
            raise

    def _keep_waiting(self, probe: ExecProbeConfig, end: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(end)
        self._ending.setdefault(probe, set()).add(task)
        task.add_done_callback(partial(self._forget, probe))

    def _forget(self, probe: ExecProbeConfig, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # asyncio logs an exception that is not read
        tasks = self._ending[probe]
        tasks.discard(task)
        if not tasks:
            del self._ending[probe]


def check_end(probe: ExecProbeConfig, status: int, child: Child) -> None:
    """Raise ProbeError if the program did not end with status 0 or wrote too much."""
    if child.too_much_output:
        raise ProbeError("more than 1 MiB of output")
    if status == 0:
        return
    line = printable(child.first_line())
    if child.run.through_setpriv and status in _CANNOT_EXECUTE and line.startswith("setpriv: "):
        raise ProbeError(f"cannot run {probe.command[0]}: {line.removeprefix('setpriv: ')}")
    what = f"exit status {status}" if status > 0 else f"ended by {_signal_name(-status)}"
    raise ProbeError(f"{what}: {line}" if line else what)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
