"""Run the commands of resources and hooks. Implements the port `pyvrrp.ports.Commands`.

Like the program of an exec check, each command has its own process group and is killed with all
its children at its deadline. Unlike it, a command gets SIGTERM before SIGKILL, and that of a
resource has the privileges of the daemon. If it ends in time, the processes that it started may go
on: the start of a resource does that.
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

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.namespace import move_thread_to
from pyvrrp.clients.base.wait_readable import wait_until_readable
from pyvrrp.clients.processes.kill_leftovers import kill_leftovers
from pyvrrp.clients.processes.open_files import give_earlier_limit
from pyvrrp.clients.processes.reap import reap
from pyvrrp.clients.processes.spawn import (
    LOST,
    MARK,
    PATH,
    WORDS,
    Identity,
    drop_privileges,
    identity_of,
    use_ordinary_scheduling,
)
from pyvrrp.config.model.resources import KILL_DELAY
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.users import UnknownUserError, trusted_users, user_of
from pyvrrp.foreign_text import environment, printable
from pyvrrp.ports import Command, CommandResult
from pyvrrp.units import Nanoseconds, to_seconds
from pyvrrp.units import in_words as duration_in_words

_KEPT = 16_384  # octets at the end of the output
_UMASK = 0o022


class CommandObserver(Protocol):
    """Learns which commands run. The guardian uses this to end them if the daemon dies."""

    def command_begins(self, mark: str) -> None:
        """A command begins. Its processes will have *mark* in their environment."""

    def command_ended(self, mark: str) -> None:
        """The command with *mark* has ended."""


class AsyncioCommands:
    """Runs commands on the event loop."""

    def __init__(self, observer: CommandObserver | None = None) -> None:
        self._observer = observer
        self._starting: ThreadedCalls[str, _Started] = ThreadedCalls()
        self._killing: ThreadedCalls[str, int] = ThreadedCalls()
        self._tasks: set[asyncio.Task[None]] = set()

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> "_Deadline":
        """Run *command*. Call *done* once, when it has ended."""
        deadline = _Deadline(timeout)
        task = asyncio.get_running_loop().create_task(self._run(command, deadline, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return deadline

    async def close(self) -> None:
        """Stop waiting for the commands that run. The guardian ends them."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(
        self, command: Command, deadline: "_Deadline", done: Callable[[CommandResult], None]
    ) -> None:
        mark = uuid4().hex
        # A hook is no resource: it may go on if the daemon dies.
        observer = self._observer if command.user is None else None
        if observer is not None:
            observer.command_begins(mark)
        starting = self._starting.start(mark, partial(_spawn, command, mark))
        started = await asyncio.shield(starting)
        if isinstance(started, Failure):
            result = CommandResult(None, started.reason)
        else:
            try:
                result = await self._result(started, deadline, mark)
            finally:
                started.close()
        if observer is not None:
            observer.command_ended(mark)
        done(result)

    async def _result(self, started: "_Started", deadline: "_Deadline", mark: str) -> CommandResult:
        ended = asyncio.ensure_future(wait_until_readable(started.descriptor))
        trouble = ""
        try:
            if not await deadline.comes_after(ended):
                trouble = f"killed after {deadline.duration()}"
                started.signal(signal.SIGTERM)
                await asyncio.wait({ended}, timeout=to_seconds(KILL_DELAY))
                kill = partial(kill_leftovers, started.pid, mark)
                started.signal(signal.SIGKILL)
                await asyncio.shield(self._killing.start(mark, kill))
            await ended  # even if it cannot be killed: it may still use the resource
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
    """The time at which a command must have ended. It can be changed to an earlier one."""

    def __init__(self, timeout: Nanoseconds) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._at = self._began + to_seconds(timeout)
        self._moved = asyncio.Event()

    def end_within(self, time: Nanoseconds) -> None:
        """Change the deadline to *time* from now if that is earlier."""
        self._at = min(self._at, self._loop.time() + to_seconds(time))
        self._moved.set()

    def duration(self) -> str:
        """Return the time that the command had, as text."""
        milliseconds = round(1000 * (self._at - self._began))
        return duration_in_words(Nanoseconds(max(0, milliseconds) * 1_000_000))

    async def comes_after(self, ended: "asyncio.Future[None]") -> bool:
        """Wait for *ended* or the deadline. Return whether *ended* came first."""
        while not ended.done() and self._at > self._loop.time():
            self._moved.clear()
            moved = self._loop.create_task(self._moved.wait())
            either: set[asyncio.Future[Any]] = {ended, moved}
            left = self._at - self._loop.time()
            await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
        return ended.done()


class _Started:
    """A process that leads its session and group, its pidfd, and the file for its output."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int, output: int) -> None:
        self.pid = process.pid
        self.descriptor = descriptor
        self._process = process
        self._output = output

    def signal(self, number: int) -> None:
        """Send signal *number* to its process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> int | None:
        """Return the exit status, negative for a signal. None: there is none."""
        return reap(self._process, self.descriptor)

    def output(self) -> str:
        """Return the end of its output, and accept no more output.

        A service that it started can have the file open for years. Its output must not fill the
        memory, and it must not die of a broken pipe.
        """
        size = os.fstat(self._output).st_size
        with suppress(OSError):
            fcntl.fcntl(self._output, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        kept = os.pread(self._output, _KEPT, max(0, size - _KEPT))
        return kept.decode(errors="replace")

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self.descriptor)
        os.close(self._output)


def _spawn(command: Command, mark: str) -> _Started | Failure:
    """Start *command*, or return the reason why that fails.

    The calling thread stays in the network namespace of the command.
    """
    program = command.words[0]
    try:
        user = None if command.user is None else user_of(command.user)
        if refused := why_unsafe(program, trusted_users(user)):
            return Failure(f"refused: {refused}")
        identity = Identity() if command.user is None else identity_of(user)
        move_thread_to(command.netns)
        if command.user is None:
            use_ordinary_scheduling()
        else:
            drop_privileges()
        return _start(command, identity, mark)
    except (ProbeError, UnknownUserError) as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(f"cannot run {program}: {WORDS.get(error.errno or 0) or in_words(error)}")
    except ValueError as error:  # a word that no program can be given
        return Failure(f"cannot run {program}: {printable(str(error))}")


def _start(command: Command, identity: Identity, mark: str) -> _Started:
    output = os.memfd_create("pyvrrp-output", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        process = subprocess.Popen(  # noqa: S603 - `why_unsafe` has checked the program
            (*identity.prefix, *command.words),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={
                "PATH": PATH,
                "LANG": "C.UTF-8",
                "HOME": "/root" if command.user is None else "/",
                **environment(command.environment),
                MARK: mark,
            },
            user=identity.user,
            group=identity.group,
            extra_groups=identity.groups,
            umask=_UMASK,
            start_new_session=True,
        )
        give_earlier_limit(process.pid)
        return _Started(process, os.pidfd_open(process.pid), output)
    except BaseException:
        os.close(output)
        raise
