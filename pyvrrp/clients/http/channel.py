"""Send and receive on a connected socket."""

import asyncio
import socket
from typing import Protocol

CHUNK = 16_384  # octets that are read at once, and worked on before other probes get a turn


class Channel(Protocol):
    """A stream of octets in both directions. Its methods raise OSError or ProbeError."""

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""

    async def receive(self) -> bytes:
        """Return the next octets; empty: the peer has ended the stream."""


class PlainChannel:
    """A channel without encryption.

    It uses the socket calls of the event loop and not its transports. So nothing is read in
    advance, and the owner of the socket can close it at once in every case.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""
        await self._loop.sock_sendall(self._connection, data)

    async def receive(self) -> bytes:
        """Return the next octets; empty: the peer has ended the stream."""
        # If octets are there, `sock_recv` returns them without a turn for anything else, not even
        # for the deadline of this probe.
        await asyncio.sleep(0)
        return await self._loop.sock_recv(self._connection, CHUNK)
