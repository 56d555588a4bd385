"""Open connections to a host or a UNIX socket. The caller must close them."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.progress import ProbeProgress, first_success
from pyvrrp.clients.base.resolver import HostName, Resolver
from pyvrrp.clients.http.socket_address import SocketAddress, bind_to, scope_of, sockaddr, usable
from pyvrrp.identity import Address

_RETRY = 0.01  # seconds between two attempts to connect to a UNIX socket with a full backlog


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The host and port to connect to, the source address and the network namespace."""

    host: str
    port: int
    source: Address | None = None
    netns: str = ""


class Connector:
    """Opens TCP connections."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def connect(self, endpoint: Endpoint, progress: ProbeProgress) -> socket.socket:
        """Return a connected, non-blocking socket. Raise ProbeError or OSError.

        The addresses of a host name are tried one after the other, see `first_success`.
        """
        source, netns = endpoint.source, endpoint.netns
        addresses = await self.addresses(endpoint.host, source, netns, progress)
        progress.phase = "while connecting"
        return await first_success(addresses, lambda address: _connect(address, endpoint), progress)

    async def addresses(
        self, host: str, source: Address | None, netns: str, progress: ProbeProgress
    ) -> tuple[Address, ...]:
        """Return all addresses of *host* of the family of *source*.

        Raise ProbeError if there are none.
        """
        progress.phase = f"while resolving {host}"
        progress.name = HostName(host, netns)
        return usable(await self._resolver.addresses(progress.name), source, host)

    def look_up_again(self, progress: ProbeProgress) -> None:
        """Look the host name of a failed probe up again."""
        if progress.name is not None:
            self._resolver.look_up_again(progress.name)


async def connect_unix(path: Path, progress: ProbeProgress) -> socket.socket:
    """Return a non-blocking socket connected to the UNIX socket *path*. Raise OSError."""
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
        # The backlog is full. For UNIX sockets the kernel does not go on to connect.
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

    If nothing listens on a local port, TCP can connect to itself: the kernel happens to choose
    that port as the source port.
    """
    if connection.getsockname() == connection.getpeername():
        raise ProbeError("connection refused")


def _prepare(address: Address, endpoint: Endpoint) -> tuple[socket.socket, SocketAddress]:
    """Return a new socket for *endpoint*, and the socket address to connect it to."""
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
