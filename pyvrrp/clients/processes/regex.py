"""Search for regular expressions without blocking the daemon.

With some patterns the search in some texts takes for ever, and the peer chooses the text. While
Python searches, no other thread of the process runs, and nothing can interrupt the search. So each
pattern has a process for its searches, which is killed when the time of the probe is over. Only a
pattern without special characters is searched for in this process.
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

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes import regex_child
from pyvrrp.clients.processes.spawn import drop_privileges
from pyvrrp.foreign_text import printable

_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_COMMAND = (sys.executable, "-I", "-S", str(Path(regex_child.__file__)))
_ORPHANED = 1000  # milliseconds after its deadline a search ends its process by itself
_LAST_WAIT = 1.0  # seconds to wait for a killed process when the daemon ends


class PatternSearch:
    """Searches for patterns in texts. The texts are UTF-8; wrong octets become U+FFFD."""

    def __init__(self) -> None:
        self._processes: dict[str, _PatternProcess] = {}

    async def count(self, pattern: str, texts: list[bytes], progress: ProbeProgress) -> int:
        """Return the number of *texts* that contain *pattern*.

        Raise ProbeError if the search fails.
        """
        if not _SPECIAL.intersection(pattern):
            return sum(pattern.encode() in text for text in texts)
        if not texts:
            return 0
        progress.phase = f"while matching /{printable(pattern)}/"
        process_of_pattern = self._processes.setdefault(pattern, _PatternProcess(pattern))
        return await process_of_pattern.count(texts, progress)

    async def found(self, pattern: str, text: bytes, progress: ProbeProgress) -> bool:
        """Return whether *text* contains *pattern*. Raise ProbeError if the search fails."""
        return await self.count(pattern, [text], progress) == 1

    def close(self) -> None:
        """End all processes."""
        for process_of_pattern in self._processes.values():
            process_of_pattern.close()


class _RegexChild:
    """One running process that searches for one pattern. Its owner must kill it."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
        self.process = process
        self._channel = channel

    async def count(self, texts: list[bytes], seconds: float) -> int:
        """Return the number of *texts* with the pattern. Raise OSError if the process died."""
        loop = asyncio.get_running_loop()
        milliseconds = math.ceil(seconds * 1000) + _ORPHANED
        await loop.sock_sendall(self._channel, regex_child.request(milliseconds, texts))
        answer = b""
        while len(answer) < regex_child.NUMBER.size:
            octets = await loop.sock_recv(self._channel, regex_child.NUMBER.size - len(answer))
            if not octets:
                raise ConnectionResetError
            answer += octets
        (number,) = regex_child.NUMBER.unpack(answer)
        return int(number)

    def kill(self) -> None:
        """Kill the process. Its owner must reap it."""
        self._channel.close()
        self.process.kill()


class _PatternProcess:
    """The process for one pattern. It is started when it is needed, and again if it died."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._one_search = asyncio.Lock()  # two checks may have the same pattern
        self._children: ThreadedCalls[str, _RegexChild] = ThreadedCalls()
        self._starting: asyncio.Future[_RegexChild | Failure] | None = None
        self._child: _RegexChild | None = None
        self._dying: list[subprocess.Popen[bytes]] = []

    async def count(self, texts: list[bytes], progress: ProbeProgress) -> int:
        """Return the number of *texts* with the pattern. Raise ProbeError if the search fails."""
        async with self._one_search:
            self._dying = [process for process in self._dying if process.poll() is None]
            child = self._child = self._child or await self._start()
            left = max(0.0, progress.deadline - asyncio.get_running_loop().time())
            try:
                return await child.count(texts, left)
            except ConnectionError as error:
                self._kill()
                what = f"cannot match /{printable(self._pattern)}/"
                raise ProbeError(f"{what}: it needs too much memory, or was killed") from error
            except BaseException:
                # Not finished in time. A later answer would be taken for that to the next request.
                self._kill()
                raise

    def close(self) -> None:
        """Kill the process and wait until it has ended."""
        self._kill()
        if self._starting is not None:
            self._starting.add_done_callback(_kill_late)
        for process in self._dying:
            _reap(process)

    async def _start(self) -> _RegexChild:
        # If a probe times out while the process starts, the next probe uses it.
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


def _kill_late(starting: "asyncio.Future[_RegexChild | Failure]") -> None:
    if not starting.cancelled() and isinstance(child := starting.result(), _RegexChild):
        child.kill()
        _reap(child.process)


def _reap(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LAST_WAIT)


def _start(pattern: str) -> _RegexChild | Failure:
    """Start the process for *pattern*, or return the reason why that fails.

    The calling thread loses its privileges.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        return Failure(f"/{printable(pattern)}/ is not a regular expression: {error}")
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            drop_privileges()
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
        return Failure(f"cannot search for a pattern: {in_words(error)}")
    return _RegexChild(process, ours)
