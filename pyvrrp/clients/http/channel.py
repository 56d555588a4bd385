"""Bytes to and from a connected socket."""

import asyncio
import socket
from typing import Protocol

CHUNK = 65_536  # bytes asked of the kernel at once


class Channel(Protocol):
    """A stream of bytes. Both calls raise OSError or ProbeError."""

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""

    async def receive(self) -> bytes:
        """Return the next bytes; none: the peer has ended the stream."""


class PlainChannel:
    """The socket as it is.

    The event loop's socket calls rather than its transports: nothing is read ahead, nothing is
    closed later, and whoever owns the socket can close it on every path.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""
        await self._loop.sock_sendall(self._connection, data)

    async def receive(self) -> bytes:
        """Return the next bytes; none: the peer has ended the stream."""
        return await self._loop.sock_recv(self._connection, CHUNK)
