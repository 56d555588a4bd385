"""Connections to a host or a UNIX socket; who gets one closes it (`with`)."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.base.resolver import Name, Resolver
from pyvrrp.clients.http.socket_address import SocketAddress, bind_to, scope_of, sockaddr, usable
from pyvrrp.identity import Address

_RETRY = 0.01  # seconds until a UNIX socket with a full backlog is tried again


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect to, and from where."""

    host: str
    port: int
    source: Address | None = None
    netns: str = ""


class Connector:
    """Opens connections, each within the deadline of its probe."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def connect(self, endpoint: Endpoint, progress: Progress) -> socket.socket:
        """Return a connected, non-blocking socket; raise ProbeError or OSError.

        Addresses of one name are tried in turn, each with a fair share of the time left.
        """
        source, netns = endpoint.source, endpoint.netns
        addresses = await self.addresses(endpoint.host, source, netns, progress)
        progress.phase = "while connecting"
        for left in range(len(addresses), 1, -1):
            try:
                async with asyncio.timeout_at(progress.share(left)):
                    return await _connect(addresses[-left], endpoint)
            except (OSError, ProbeError):
                continue  # the last address will give the reason
        return await _connect(addresses[-1], endpoint)

    async def addresses(
        self, host: str, source: Address | None, netns: str, progress: Progress
    ) -> tuple[Address, ...]:
        """Return all addresses of *host* that *source* can reach; raise ProbeError if none."""
        progress.phase = f"while resolving {host}"
        progress.name = Name(host, netns)
        return usable(await self._resolver.addresses(progress.name), source, host)

    def doubt(self, progress: Progress) -> None:
        """Have the name that a probe has used looked up again: the probe failed."""
        if progress.name is not None:
            self._resolver.doubt(progress.name)


async def connect_unix(path: Path, progress: Progress) -> socket.socket:
    """Return a non-blocking socket connected to the UNIX socket *path*; raise OSError."""
    progress.phase = "while connecting"
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        while not _connected_unix(connection, path):  # noqa: ASYNC110 - the kernel has no event
            await asyncio.sleep(_RETRY)
    except BaseException:
        connection.close()
        raise
    return connection


def _connected_unix(connection: socket.socket, path: Path) -> bool:
    try:
        connection.connect(str(path))
    except BlockingIOError:
        # The backlog is full: unlike TCP's, this connect has not even begun.
        return False
    return True


async def _connect(address: Address, endpoint: Endpoint) -> socket.socket:
    connection, target = _prepare(address, endpoint)
    try:
        await asyncio.get_running_loop().sock_connect(connection, target)
        refuse_itself(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_itself(connection: socket.socket) -> None:
    """Raise ProbeError if *connection* is connected to itself.

    Where nobody listens, TCP meets itself when the port it draws is the one it connects to.
    """
    if connection.getsockname() == connection.getpeername():
        raise ProbeError("connection refused")


def _prepare(address: Address, endpoint: Endpoint) -> tuple[socket.socket, SocketAddress]:
    """Return a new socket, made where and bound as *endpoint* says, and what to connect it to."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with inside(endpoint.netns):
        scope = scope_of(address)
        source_scope = scope_of(endpoint.source) or scope
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if endpoint.source is not None:
            bind_to(connection, endpoint.source, source_scope)
    except BaseException:
        connection.close()
        raise
    return connection, sockaddr(address, endpoint.port, scope)
