"""Looking for regular expressions without holding up the daemon.

Some patterns take for ever on some texts, and the peer chooses the text. While Python searches, no
other thread of the process runs and nothing but death interrupts it. So a search runs in a
child, one for each pattern, that is killed when the time of the probe is over; what is plain text
is looked for here.
"""

import asyncio
import math
import re
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words, printable
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.processes import regex_child
from pyvrrp.clients.processes.spawn import give_up_powers

_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_COMMAND = (sys.executable, "-I", "-S", str(Path(regex_child.__file__)))
_ORPHANED = 1000  # milliseconds after which a child kills itself that nobody has killed
_LAST_WAIT = 1.0  # seconds for a killed child, when the daemon ends


class Patterns:
    """Finds patterns in texts; the texts are UTF-8, and what is not becomes U+FFFD."""

    def __init__(self) -> None:
        self._searchers: dict[str, _Searcher] = {}

    async def count(self, pattern: str, texts: list[bytes], progress: Progress) -> int:
        """Return in how many of *texts* the pattern is found; raise ProbeError if it cannot be."""
        if not _SPECIAL.intersection(pattern):
            return sum(pattern.encode() in text for text in texts)
        if not texts:
            return 0
        progress.phase = f"while matching /{printable(pattern)}/"
        searcher = self._searchers.setdefault(pattern, _Searcher(pattern))
        return await searcher.count(texts, progress)

    async def found(self, pattern: str, text: bytes, progress: Progress) -> bool:
        """Return whether the pattern is found in *text*."""
        return await self.count(pattern, [text], progress) == 1

    def close(self) -> None:
        """End all children."""
        for searcher in self._searchers.values():
            searcher.close()


class _Child:
    """One process that looks for one pattern. Whoever has one kills it in the end."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
        self.process = process
        self._channel = channel

    async def count(self, texts: list[bytes], seconds: float) -> int:
        """Return in how many of *texts* the pattern is found; OSError if the child is gone."""
        loop = asyncio.get_running_loop()
        milliseconds = math.ceil(seconds * 1000) + _ORPHANED
        await loop.sock_sendall(self._channel, regex_child.request(milliseconds, texts))
        answer = b""
        while len(answer) < regex_child.NUMBER.size:
            heard = await loop.sock_recv(self._channel, regex_child.NUMBER.size - len(answer))
            if not heard:
                raise ConnectionResetError
            answer += heard
        (number,) = regex_child.NUMBER.unpack(answer)
        return int(number)

    def kill(self) -> None:
        """Kill it; it is reaped when it is looked at again."""
        self._channel.close()
        self.process.kill()


class _Searcher:
    """The child of one pattern, started when it is needed."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._turn = asyncio.Lock()  # two checks may have the same pattern
        self._children: Background[str, _Child] = Background()
        self._starting: asyncio.Future[_Child | Failure] | None = None
        self._child: _Child | None = None
        self._dying: list[subprocess.Popen[bytes]] = []

    async def count(self, texts: list[bytes], progress: Progress) -> int:
        """Return in how many of *texts* the pattern is found."""
        async with self._turn:
            self._dying = [process for process in self._dying if process.poll() is None]
            child = self._child = self._child or await self._start()
            left = max(0.0, progress.deadline - asyncio.get_running_loop().time())
            try:
                return await child.count(texts, left)
            except ConnectionError as error:
                self._kill()
                what = f"cannot match /{printable(self._pattern)}/"
                raise ProbeError(f"{what}: it wants too much memory, or was killed") from error
            except BaseException:
                # Not done in time: what it would say later answers nothing.
                self._kill()
                raise

    def close(self) -> None:
        """Kill the child, and wait for it."""
        self._kill()
        if self._starting is not None:
            self._starting.add_done_callback(_kill_late)
        for process in self._dying:
            _reap(process)

    async def _start(self) -> _Child:
        # Whoever gives up while it starts leaves it for the next one.
        if self._starting is None:
            self._starting = self._children.start(self._pattern, partial(_start, self._pattern))
        outcome = await asyncio.shield(self._starting)
        self._starting = None
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._dying.append(self._child.process)
            self._child = None


def _kill_late(starting: "asyncio.Future[_Child | Failure]") -> None:
    if not starting.cancelled() and isinstance(child := starting.result(), _Child):
        child.kill()
        _reap(child.process)


def _reap(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_WAIT)


def _start(pattern: str) -> _Child | Failure:
    """Start the child of *pattern*. For a thread, which it changes for good."""
    try:
        re.compile(pattern)
    except re.error as error:
        return Failure(f"/{printable(pattern)}/ is not a pattern: {error}")
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            give_up_powers()
            process = subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        ours.sendall(regex_child.frame(pattern.encode()))
        ours.setblocking(False)
    except OSError as error:
        ours.close()
        return Failure(f"cannot look for a pattern: {in_words(error)}")
    return _Child(process, ours)
