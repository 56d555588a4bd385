"""Connections to a host or a UNIX socket; who gets one closes it (`with`)."""

import asyncio
import socket
from dataclasses import dataclass
from errno import EADDRNOTAVAIL
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from pyvrrp.ports import Address
from pyvrrp.probes.failure import ProbeError, in_words
from pyvrrp.probes.namespace import inside
from pyvrrp.probes.progress import Progress
from pyvrrp.probes.resolver import Name, Resolver

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
        progress.phase = f"while resolving {endpoint.host}"
        progress.name = Name(endpoint.host, endpoint.netns)
        addresses = _usable(await self._resolver.addresses(progress.name), endpoint)
        progress.phase = "while connecting"
        for left in range(len(addresses), 1, -1):
            try:
                async with asyncio.timeout_at(progress.share(left)):
                    return await _connect(addresses[-left], endpoint)
            except (OSError, ProbeError):
                continue  # the last address will give the reason
        return await _connect(addresses[-1], endpoint)

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


def _usable(addresses: tuple[Address, ...], endpoint: Endpoint) -> tuple[Address, ...]:
    source = endpoint.source
    if source is None:
        return addresses
    usable = tuple(address for address in addresses if address.version == source.version)
    if not usable:
        kind = f"IPv{source.version}"
        raise ProbeError(f"cannot use source address {source}: {endpoint.host} has no {kind} one")
    return usable


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


def _prepare(
    address: Address, endpoint: Endpoint
) -> tuple[socket.socket, tuple[str, int] | tuple[str, int, int, int]]:
    """Return a new socket, made where and bound as *endpoint* says, and what to connect it to."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with inside(endpoint.netns):
        scope = _scope(address)
        source_scope = _scope(endpoint.source) or scope
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if endpoint.source is not None:
            _bind(connection, endpoint.source, source_scope)
    except BaseException:
        connection.close()
        raise
    return connection, _sockaddr(address, endpoint.port, scope)


def _bind(connection: socket.socket, source: Address, scope: int) -> None:
    try:
        connection.bind(_sockaddr(source, 0, scope if source.is_link_local else 0))
    except OSError as error:
        why = "this host does not have it" if error.errno == EADDRNOTAVAIL else in_words(error)
        raise ProbeError(f"cannot use source address {source}: {why}") from error


def _sockaddr(
    address: Address, port: int, scope: int
) -> tuple[str, int] | tuple[str, int, int, int]:
    if isinstance(address, IPv4Address):
        return str(address), port
    return str(address).partition("%")[0], port, 0, scope


def _scope(address: Address | None) -> int:
    """Return the interface index that a zone such as ``%eth0`` names; 0: there is no zone."""
    if not isinstance(address, IPv6Address) or address.scope_id is None:
        return 0
    zone = address.scope_id
    return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
