"""Open TCP connections. The caller must close them."""

import asyncio
import socket
from dataclasses import dataclass

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress, first_success
from pyvrrp.clients.base.resolver import HostName, Resolver
from pyvrrp.clients.base.socket_address import sockaddr, usable
from pyvrrp.clients.rights.wants import Rights, TcpSocket
from pyvrrp.identity import Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The host and port to connect to, the source address and the network namespace."""

    host: str
    port: int
    source: Address | None = None
    netns: str = ""


class Connector:
    """Opens TCP connections."""

    def __init__(self, resolver: Resolver, rights: Rights) -> None:
        self._resolver = resolver
        self._rights = rights

    async def connect(self, endpoint: Endpoint, progress: ProbeProgress) -> socket.socket:
        """Return a connected, non-blocking socket. Raise ProbeError or OSError.

        The addresses of a host name are tried one after the other, see `first_success`.
        """
        source, netns = endpoint.source, endpoint.netns
        addresses = await self.addresses(endpoint.host, source, netns, progress)
        progress.phase = "while connecting"
        return await first_success(
            addresses, lambda address: self._connect(address, endpoint), progress
        )

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

    async def _connect(self, address: Address, endpoint: Endpoint) -> socket.socket:
        opened = await self._rights.open(TcpSocket(endpoint.source, endpoint.netns), address)
        connection = opened.connection
        try:
            target = sockaddr(address, endpoint.port, opened.scope)
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
