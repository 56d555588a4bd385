"""The commands of resources: the daemon's `pyvrrp.ports.Commands`.

Like an exec check's program each has a process group of its own and dies at its deadline with all
its children. Unlike one it runs with all that the daemon may do, is first asked to end (SIGTERM),
and what it leaves behind when it ends in time is left alone: a start is there to leave something.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.namespace import enter_for_good
from pyvrrp.clients.base.wait_readable import readable
from pyvrrp.clients.processes.kill_leftovers import kill_stragglers
from pyvrrp.clients.processes.spawn import LOST, MARK, PATH, WORDS, use_ordinary_scheduling
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.users import trusted_users
from pyvrrp.ports import Command, CommandResult
from pyvrrp.units import Nanoseconds, to_seconds
from pyvrrp.units import in_words as duration_in_words

_GRACE = 2.0  # seconds from SIGTERM to SIGKILL
_KEPT = 16_384  # bytes of output, from the end
_UMASK = 0o022


class Witness(Protocol):
    """Whoever must know what runs, to end it should this process die: the guardian."""

    def command_begins(self, mark: str) -> None:
        """Know of a command whose processes will carry *mark*."""

    def command_ended(self, mark: str) -> None:
        """Forget it."""


class AsyncioCommands:
    """Runs commands on the event loop."""

    def __init__(self, witness: Witness | None = None) -> None:
        self._witness = witness
        self._starting: Background[str, _Started] = Background()
        self._clearing: Background[str, int] = Background()
        self._under_way: set[asyncio.Task[None]] = set()

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> "_Deadline":
        """Run it; *done* is called once, from the loop, when it has ended."""
        deadline = _Deadline(timeout)
        task = asyncio.get_running_loop().create_task(self._live(command, deadline, done))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return deadline

    async def close(self) -> None:
        """Wait for nothing any more. What runs still is the guardian's affair."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _live(
        self, command: Command, deadline: "_Deadline", done: Callable[[CommandResult], None]
    ) -> None:
        mark = uuid4().hex
        if self._witness is not None:
            self._witness.command_begins(mark)
        starting = self._starting.start(mark, partial(_spawn, command, mark))
        started = await asyncio.shield(starting)
        if isinstance(started, Failure):
            result = CommandResult(None, started.reason)
        else:
            try:
                result = await self._see_it_end(started, deadline, mark)
            finally:
                started.close()
        if self._witness is not None:
            self._witness.command_ended(mark)
        done(result)

    async def _see_it_end(
        self, started: "_Started", deadline: "_Deadline", mark: str
    ) -> CommandResult:
        ended = asyncio.ensure_future(readable(started.descriptor))
        trouble = ""
        try:
            if not await deadline.outlasts(ended):
                trouble = f"killed after {deadline.spent()}"
                started.signal(signal.SIGTERM)
                await asyncio.wait({ended}, timeout=_GRACE)
                kill = partial(kill_stragglers, started.pid, mark)
                started.signal(signal.SIGKILL)
                await asyncio.shield(self._clearing.start(mark, kill))
            await ended  # whatever cannot be killed may not be left alone either
        finally:
            ended.cancel()
        status = started.reap()
        output = started.output()
        if trouble or status is None:
            return CommandResult(None, trouble or LOST, output)
        if status < 0:
            return CommandResult(None, f"ended by signal {-status}", output)
        return CommandResult(status, "", output)


class _Deadline:
    """When a command must have ended. It may be brought forward."""

    def __init__(self, timeout: Nanoseconds) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._at = self._began + to_seconds(timeout)
        self._moved = asyncio.Event()

    def end_within(self, time: Nanoseconds) -> None:
        """Have it ended *time* from now if that is sooner."""
        self._at = min(self._at, self._loop.time() + to_seconds(time))
        self._moved.set()

    def spent(self) -> str:
        """Return how long it was given, in words."""
        milliseconds = round(1000 * (self._at - self._began))
        return duration_in_words(Nanoseconds(max(0, milliseconds) * 1_000_000))

    async def outlasts(self, ended: "asyncio.Future[None]") -> bool:
        """Wait for *ended*; return whether that came in time."""
        while not ended.done() and self._at > self._loop.time():
            self._moved.clear()
            moved = self._loop.create_task(self._moved.wait())
            either: set[asyncio.Future[Any]] = {ended, moved}
            left = self._at - self._loop.time()
            await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
        return ended.done()


class _Started:
    """A process, leader of its session and group, its pidfd, and the file it writes to."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int, said: int) -> None:
        self.pid = process.pid
        self.descriptor = descriptor
        self._process = process
        self._said = said

    def signal(self, number: int) -> None:
        """Send *number* to all of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> int | None:
        """Return the exit status, negative for a signal; None if somebody else took it."""
        try:
            result = os.waitid(os.P_PIDFD, self.descriptor, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            result = None
        if result is None:
            self._process.returncode = -1  # so that Popen does not look for it either
            return None
        normal = result.si_code == os.CLD_EXITED
        self._process.returncode = result.si_status if normal else -result.si_status
        return self._process.returncode

    def output(self) -> str:
        """Return the end of what it said, and let nothing more be said.

        A service that it has left running may hold the file for years, and must neither fill the
        memory nor die of a broken pipe.
        """
        size = os.fstat(self._said).st_size
        with suppress(OSError):
            fcntl.fcntl(self._said, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        kept = os.pread(self._said, _KEPT, max(0, size - _KEPT))
        return kept.decode(errors="replace")

    def close(self) -> None:
        """Let go of both."""
        os.close(self.descriptor)
        os.close(self._said)


def _spawn(command: Command, mark: str) -> _Started | Failure:
    """Start it, or say why not. Changes the calling thread for good."""
    program = command.words[0]
    try:
        if refused := why_unsafe(program, trusted_users(None)):
            return Failure(f"refused: {refused}")
        enter_for_good(command.netns)
        use_ordinary_scheduling()
        return _start(command, mark)
    except ProbeError as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(f"cannot run {program}: {WORDS.get(error.errno or 0) or in_words(error)}")


def _start(command: Command, mark: str) -> _Started:
    said = os.memfd_create("pyvrrp-output", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        process = subprocess.Popen(  # noqa: S603 - who may have written it was looked at
            command.words,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            env={
                "PATH": PATH,
                "LANG": "C.UTF-8",
                "HOME": "/root",
                **dict(command.environment),
                MARK: mark,
            },
            umask=_UMASK,
            start_new_session=True,
        )
        return _Started(process, os.pidfd_open(process.pid), said)
    except BaseException:
        os.close(said)
        raise
