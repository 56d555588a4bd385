"""The rights of the daemon, as the prober has them: it asks for each thing that it needs."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from errno import EMFILE
from itertools import count
from pathlib import Path

from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.resolver import HostName, LookUpResult, look_up_in_system
from pyvrrp.clients.processes.regex import SearchStream
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.clients.rights.wants import (
    CopyOfFile,
    FileCopy,
    LookUp,
    Opened,
    PatternSearcher,
    SocketWant,
    TcpSocket,
    Want,
)
from pyvrrp.identity import Address
from pyvrrp.prober.messages import Lent, Wanted

_LONGEST_LOOK_UP = 60.0  # seconds; the C library gives up earlier


@dataclass(frozen=True, slots=True)
class _Borrowed:
    lent: Lent
    descriptor: int


class BorrowedRights:
    """Implements `Rights`. *send* sends a message to the daemon.

    What anybody may do is done here: TCP sockets and look-ups in the namespace of this process,
    and reading files that the configuration does not name, such as the CA certificates of the
    system.
    """

    def __init__(self, send: Callable[[Wanted], None]) -> None:
        self._send = send
        self._own = OwnRights()
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[_Borrowed]] = {}
        self.files: set[Path] = set()  # those that the configuration names

    async def open(self, want: SocketWant, address: Address | None) -> Opened:
        """Return a new socket for *address*. Raise ProbeError or OSError."""
        if isinstance(want, TcpSocket) and not want.netns:
            return await self._own.open(want, address)
        borrowed = await self._borrow(want, address)
        return Opened(_socket(borrowed.descriptor), borrowed.lent.scope)

    async def copy(self, path: Path, stamp: str) -> FileCopy:
        """Return the content of *path*, unless it still has *stamp*. Raise OSError."""
        if path not in self.files:
            return await self._own.copy(path, stamp)
        borrowed = await self._borrow(CopyOfFile(path), stamp=stamp)
        return FileCopy(borrowed.descriptor, borrowed.lent.stamp)

    def look_up(self, name: HostName) -> LookUpResult:
        """Return the addresses of *name*. Blocks; for a thread."""
        if not name.netns:
            return look_up_in_system(name)
        asking = asyncio.run_coroutine_threadsafe(self._borrow(LookUp(name)), self._loop)
        try:
            return asking.result(_LONGEST_LOOK_UP).lent.addresses
        except ProbeError as error:
            return Failure(str(error))
        except (OSError, TimeoutError):
            return Failure(f"name does not resolve: {name.host}")

    def start_search(self, pattern: str) -> "asyncio.Task[SearchStream | Failure]":
        """Start a process that searches for *pattern*."""
        return self._loop.create_task(self._searcher(pattern))

    def lent(self, message: Lent, descriptor: int) -> None:
        """Take what the daemon has lent."""
        waiting = self._waiting.pop(message.number, None)
        if waiting is None or waiting.done():
            if descriptor >= 0:
                os.close(descriptor)
            return
        waiting.set_result(_Borrowed(message, descriptor))

    async def _searcher(self, pattern: str) -> SearchStream | Failure:
        try:
            borrowed = await self._borrow(PatternSearcher(pattern))
            return SearchStream(_socket(borrowed.descriptor))
        except ProbeError as error:
            return Failure(str(error))
        except OSError as error:
            return Failure(f"cannot search for a pattern: {error.strerror}")

    async def _borrow(
        self, want: Want, address: Address | None = None, stamp: str = ""
    ) -> _Borrowed:
        number = next(self._numbers)
        waiting: asyncio.Future[_Borrowed] = self._loop.create_future()
        self._waiting[number] = waiting
        self._send(Wanted(number, want, address, stamp))
        try:
            borrowed = await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.result().descriptor >= 0:
                os.close(waiting.result().descriptor)
            raise
        finally:
            self._waiting.pop(number, None)
        if borrowed.lent.problem:
            raise ProbeError(borrowed.lent.problem)
        if borrowed.lent.error:
            raise OSError(borrowed.lent.error, os.strerror(borrowed.lent.error))
        return borrowed


def _socket(descriptor: int) -> socket.socket:
    if descriptor < 0:
        # The kernel could not put it into the table of this process.
        raise OSError(EMFILE, os.strerror(EMFILE))
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)
    return connection
