"""Start processes that search for regular expressions, with the rights of this process."""

import asyncio
import re
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, in_words
from pyvrrp.clients.processes import regex_child
from pyvrrp.clients.processes.regex import SearchStream
from pyvrrp.clients.processes.spawn import drop_privileges
from pyvrrp.foreign_text import printable

_COMMAND = (sys.executable, "-I", "-S", str(Path(regex_child.__file__)))
_LAST_WAIT = 1.0  # seconds to wait for a killed process when the daemon ends


class SearchProcess(SearchStream):
    """A process that this one has started. Its owner must kill it."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
        super().__init__(channel)
        self.process = process

    def lend(self) -> int:
        """Return the descriptor of the stream. The caller must close it."""
        return self._channel.detach()

    def kill(self) -> None:
        """Kill the process."""
        super().kill()
        self.process.kill()

    def has_ended(self) -> bool:
        """Return whether the process has ended. It does not wait."""
        return self.process.poll() is not None

    def reap(self) -> None:
        """Wait for the killed process, but at most 1 s."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_LAST_WAIT)


class OwnSearches:
    """Starts processes, each in a thread."""

    def __init__(self) -> None:
        self._starting: ThreadedCalls[str, SearchStream] = ThreadedCalls()

    def start(self, pattern: str) -> "asyncio.Future[SearchStream | Failure]":
        """Start a process that searches for *pattern*."""
        return self._starting.start(pattern, partial(start_search, pattern))


def start_search(pattern: str) -> SearchProcess | Failure:
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
    return SearchProcess(process, ours)
