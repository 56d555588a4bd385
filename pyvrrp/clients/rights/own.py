"""Get what a probe needs with the rights of this process."""

import asyncio
import os
import socket
from functools import partial
from pathlib import Path
from typing import assert_never

from pyvrrp.clients.base.calls_in_turn import CallsInTurn
from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.resolver import HostName, LookUpResult, look_up_in_system
from pyvrrp.clients.rights.file_copy import copy_file
from pyvrrp.clients.rights.neighbour_socket import open_neighbour
from pyvrrp.clients.rights.ping_socket import open_ping
from pyvrrp.clients.rights.tcp_socket import open_tcp
from pyvrrp.clients.rights.wants import (
    FileCopy,
    NeighbourSocket,
    Opened,
    PingSocket,
    SocketWant,
    TcpSocket,
    UnixStream,
)
from pyvrrp.identity import Address

_RETRY = 0.05  # seconds between two attempts to connect to a UNIX socket with a full backlog


class OwnRights:
    """Implements `Rights`. What touches a file system is done in a thread for each path."""

    def __init__(self) -> None:
        self._copies: CallsInTurn[Path, FileCopy | OSError] = CallsInTurn(_discard)
        self._streams: CallsInTurn[Path, socket.socket | OSError] = CallsInTurn(_discard)

    async def open(self, want: SocketWant, address: Address | None) -> Opened:
        """Return a new socket for *address*. Raise ProbeError or OSError."""
        match want:
            case UnixStream(path):
                return Opened(await self._connected(path))
            case NeighbourSocket():
                return open_neighbour(want)
            case TcpSocket() | PingSocket() if address is None:
                raise ProbeError("no address to open a socket for")
            case TcpSocket():
                return open_tcp(want, address)
            case PingSocket():
                return open_ping(want, address)
            case _:
                assert_never(want)

    async def copy(self, path: Path, stamp: str) -> FileCopy:
        """Return the content of *path*, unless it still has *stamp*. Raise OSError."""
        copied = await self._copies.run(path, partial(copy_file, path, stamp))
        if isinstance(copied, OSError):
            raise copied
        return copied

    def look_up(self, name: HostName) -> LookUpResult:
        """Return the addresses of *name*. Blocks, and leaves the thread in another namespace."""
        return look_up_in_system(name)

    async def _connected(self, path: Path) -> socket.socket:
        while True:
            connected = await self._streams.run(path, partial(_connect, path))
            if isinstance(connected, socket.socket):
                return connected
            if not isinstance(connected, BlockingIOError):
                raise connected
            # The backlog is full. For UNIX sockets the kernel does not go on to connect.
            await asyncio.sleep(_RETRY)


def _connect(path: Path) -> socket.socket | OSError:
    """Return a non-blocking socket that is connected to *path*. Blocks if the path does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        return error
    except BaseException:
        connection.close()
        raise
    return connection


def _discard(result: FileCopy | socket.socket | OSError) -> None:
    """Close what nobody waits for any more."""
    if isinstance(result, socket.socket):
        result.close()
    elif isinstance(result, FileCopy) and result.descriptor >= 0:
        os.close(result.descriptor)
