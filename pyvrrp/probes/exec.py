"""The exec check: a program that must end with status 0 in time."""

import asyncio
import signal
from collections.abc import Coroutine
from functools import partial
from uuid import uuid4

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError, printable
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.processes.child import Child
from pyvrrp.clients.processes.kill_leftovers import kill_stragglers
from pyvrrp.clients.processes.spawn import Run, spawn
from pyvrrp.config.model.configuration import ExecProbeConfig

_PATIENCE = 2.0  # seconds that the end of the daemon waits for what was killed
_CANNOT_EXECUTE = frozenset((126, 127))  # setpriv(1)


class ExecProbe:
    """Runs programs, each until it ends or its time is over."""

    def __init__(self) -> None:
        self._starting: Background[str, Run] = Background()
        self._clearing: Background[str, int] = Background()
        self._abandoned: dict[ExecProbeConfig, set[asyncio.Task[None]]] = {}

    async def look(self, probe: ExecProbeConfig, progress: Progress) -> str:
        """Return how long it ran; raise ProbeError if it did not end with status 0."""
        await self._wait_for_the_dead(probe, progress)
        progress.phase = f"while starting {probe.command[0]}"
        child = await self._start(probe)
        progress.overdue = "killed after"
        try:
            status = await child.ended()
        except asyncio.CancelledError:
            self._abandon(probe, child)
            raise
        judge(probe, status, child)
        return f"exit status 0 in {progress.elapsed()}"

    async def close(self) -> None:
        """Wait until what was killed is gone."""
        tasks = {task for tasks in self._abandoned.values() for task in tasks}
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait_for_the_dead(self, probe: ExecProbeConfig, progress: Progress) -> None:
        # Even SIGKILL waits for a disk or an NFS server that does not answer. Until that has
        # ended, another one would only join it.
        progress.phase = "while the run before could not be killed"
        if before := self._abandoned.get(probe):
            await asyncio.wait(set(before))

    async def _start(self, probe: ExecProbeConfig) -> Child:
        mark = uuid4().hex
        starting = self._starting.start(mark, partial(spawn, probe, mark))
        try:
            outcome = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._see_to(probe, self._bury_late(starting))
            raise
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return Child(outcome)

    async def _bury_late(self, starting: "asyncio.Future[Run | Failure]") -> None:
        outcome = await asyncio.shield(starting)
        if isinstance(outcome, Run):
            child = Child(outcome)
            child.kill()
            await self._bury(child)

    def _abandon(self, probe: ExecProbeConfig, child: Child) -> None:
        child.kill()
        self._see_to(probe, self._bury(child))

    async def _bury(self, child: Child) -> None:
        run = child.run
        clearing = self._clearing.start(run.mark, partial(kill_stragglers, child.pid, run.mark))
        try:
            await asyncio.shield(clearing)
            await child.ended()
        except asyncio.CancelledError:
            child.forsake()
            raise

    def _see_to(self, probe: ExecProbeConfig, burial: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(burial)
        self._abandoned.setdefault(probe, set()).add(task)
        task.add_done_callback(partial(self._forget, probe))

    def _forget(self, probe: ExecProbeConfig, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # a lost exit status matters to nobody here
        among = self._abandoned[probe]
        among.discard(task)
        if not among:
            del self._abandoned[probe]


def judge(probe: ExecProbeConfig, status: int, child: Child) -> None:
    """Raise ProbeError unless the program ended well."""
    if child.flooded:
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
