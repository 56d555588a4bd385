"""Search for regular expressions without blocking the daemon.

With some patterns the search in some texts takes for ever, and the peer chooses the text. While
Python searches, no other thread of the process runs, and nothing can interrupt the search. So each
pattern has a process for its searches, which is killed when the time of the probe is over. Only a
pattern without special characters is searched for in this process.
"""

import asyncio
import math
import socket
from collections.abc import Callable
from typing import TypeAlias

from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes import regex_child
from pyvrrp.foreign_text import printable

_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_ORPHANED = 1000  # milliseconds after its deadline a search ends its process by itself


class SearchStream:
    """The stream to one running process that searches for one pattern. Its owner must kill it."""

    def __init__(self, channel: socket.socket) -> None:
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
        """End the process: one that searches when the stream ends has an alarm of its own."""
        self._channel.close()

    def has_ended(self) -> bool:
        """Return whether the killed process has ended. It does not wait."""
        return True

    def reap(self) -> None:
        """Wait for the killed process, but at most 1 s."""


StartSearch: TypeAlias = Callable[[str], "asyncio.Future[SearchStream | Failure]"]


class PatternSearch:
    """Searches for patterns in texts. The texts are UTF-8; wrong octets become U+FFFD."""

    def __init__(self, start: StartSearch | None = None) -> None:
        """*start* starts a process, and None does it with the rights of this process."""
        self._start = start
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
        if pattern not in self._processes:
            self._processes[pattern] = _PatternProcess(pattern, self._starter())
        return await self._processes[pattern].count(texts, progress)

    async def found(self, pattern: str, text: bytes, progress: ProbeProgress) -> bool:
        """Return whether *text* contains *pattern*. Raise ProbeError if the search fails."""
        return await self.count(pattern, [text], progress) == 1

    def _starter(self) -> StartSearch:
        if self._start is None:
            # Imported here, because the prober does not start programs.
            from pyvrrp.clients.processes.regex_process import OwnSearches  # noqa: PLC0415

            self._start = OwnSearches().start
        return self._start

    def close(self) -> None:
        """End all processes."""
        for process_of_pattern in self._processes.values():
            process_of_pattern.close()


class _PatternProcess:
    """The process for one pattern. It is started when it is needed, and again if it died."""

    def __init__(self, pattern: str, start: StartSearch) -> None:
        self._pattern = pattern
        self._start_search = start
        self._one_search = asyncio.Lock()  # two checks may have the same pattern
        self._starting: asyncio.Future[SearchStream | Failure] | None = None
        self._child: SearchStream | None = None
        self._dying: list[SearchStream] = []

    async def count(self, texts: list[bytes], progress: ProbeProgress) -> int:
        """Return the number of *texts* with the pattern. Raise ProbeError if the search fails."""
        async with self._one_search:
            self._dying = [child for child in self._dying if not child.has_ended()]
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
        for child in self._dying:
            child.reap()

    async def _start(self) -> SearchStream:
        # If a probe times out while the process starts, the next probe uses it.
        if self._starting is None:
            self._starting = self._start_search(self._pattern)
        outcome = await asyncio.shield(self._starting)
        self._starting = None
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._dying.append(self._child)
            self._child = None


def _kill_late(starting: "asyncio.Future[SearchStream | Failure]") -> None:
    if not starting.cancelled() and isinstance(child := starting.result(), SearchStream):
        child.kill()
        child.reap()
