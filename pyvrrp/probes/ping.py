"""The ping check: one ICMP echo that is answered."""

import asyncio
import secrets
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.http.socket_address import SocketAddress, bind_to, scope_of, sockaddr
from pyvrrp.config.model.configuration import PingProbeConfig
from pyvrrp.identity import Address, Family
from pyvrrp.probes.icmp import REPLY, Echo, error_in_words

_SOL_RAW, _ICMP_FILTER = 255, 1
_ICMP6_FILTER = 1
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, padding, info, data
_ORIGINS = {2, 3}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_PACKET = 2048  # bytes; the answer is as long as the request
_ANCILLARY = 256  # bytes
_TOKEN = 16  # bytes


class PingProbe:
    """Pings."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def look(self, probe: PingProbeConfig, progress: Progress) -> str:
        """Return how long the answer took; raise ProbeError or OSError if there is none.

        Addresses of one name are tried in turn, each with a fair share of the time left.
        """
        addresses = await self._connector.addresses(probe.host, probe.source, probe.netns, progress)
        progress.overdue = f"no answer from {probe.host} within"
        for left in range(len(addresses), 1, -1):
            try:
                async with asyncio.timeout_at(progress.share(left)):
                    return await _ping(addresses[-left], probe, progress)
            except (OSError, ProbeError):
                continue  # the last address will give the reason
        return await _ping(addresses[-1], probe, progress)


async def _ping(address: Address, probe: PingProbeConfig, progress: Progress) -> str:
    family = Family.IPV4 if isinstance(address, IPv4Address) else Family.IPV6
    echo = Echo(family, secrets.randbits(16), secrets.token_bytes(_TOKEN))
    connection, target = _prepare(address, family, probe)
    loop = asyncio.get_running_loop()
    with connection:
        # Connected, so that only what comes from there is received, and errors are told.
        # Neither call waits: there is nothing to shake hands about.
        connection.connect(target)
        connection.send(echo.request())
        while True:
            try:
                packet = await loop.sock_recv(connection, _PACKET)
            except OSError as error:
                _raise_if_final(connection, echo, error)
            else:
                if echo.is_answered_by(packet):
                    return f"answer from {address} in {progress.elapsed()}"


def _prepare(
    address: Address, family: Family, probe: PingProbeConfig
) -> tuple[socket.socket, SocketAddress]:
    protocol = socket.IPPROTO_ICMP if family is Family.IPV4 else socket.IPPROTO_ICMPV6
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    with inside(probe.netns):
        scope = scope_of(address)
        source_scope = scope_of(probe.source) or scope
        connection = socket.socket(kind, socket.SOCK_RAW, protocol)
        try:
            connection.setblocking(False)
            if probe.interface:
                index = _index(probe.interface)
                source_scope = source_scope or index
                scope = scope or (index if address.is_link_local else 0)
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_BINDTODEVICE, probe.interface.encode()
                )
        except BaseException:
            connection.close()
            raise
    try:
        _want_replies_and_errors(connection, family)
        if probe.source is not None:
            bind_to(connection, probe.source, source_scope)
    except BaseException:
        connection.close()
        raise
    return connection, sockaddr(address, 0, scope)


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise ProbeError(f"there is no interface {interface}") from error


def _want_replies_and_errors(connection: socket.socket, family: Family) -> None:
    """Have the kernel drop all messages but replies, and queue errors with their senders."""
    if family is Family.IPV4:
        unwanted = ~(1 << REPLY[family]) & 0xFFFFFFFF
        connection.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", unwanted))
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        return
    words = [0xFFFFFFFF] * 8
    words[REPLY[family] >> 5] &= ~(1 << (REPLY[family] & 31))
    connection.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
    connection.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def _raise_if_final(connection: socket.socket, echo: Echo, error: OSError) -> None:
    """Raise ProbeError if a router or host says that this echo will not be answered."""
    try:
        message, ancillary, _, _ = connection.recvmsg(_PACKET, _ANCILLARY, socket.MSG_ERRQUEUE)
    except BlockingIOError:
        raise error from None  # no ICMP error, but one of this machine
    for _, _, data in ancillary:
        if len(data) < _EXTENDED_ERROR.size:
            continue
        _, origin, kind, code, *_ = _EXTENDED_ERROR.unpack_from(data)
        words = error_in_words(echo.family, kind, code) if origin in _ORIGINS else ""
        if words and echo.is_quoted_in(message):
            raise ProbeError(f"{words}{_from(data[_EXTENDED_ERROR.size :])}")
        if origin not in _ORIGINS:
            raise error


def _from(offender: bytes) -> str:
    """Return who sent an error: a sockaddr_in or sockaddr_in6 behind the error itself."""
    family = int.from_bytes(offender[:2], sys.byteorder) if len(offender) >= 2 else 0  # noqa: PLR2004
    sender: IPv4Address | IPv6Address
    if family == socket.AF_INET and len(offender) >= 8:  # noqa: PLR2004 - struct sockaddr_in
        sender = IPv4Address(offender[4:8])
    elif family == socket.AF_INET6 and len(offender) >= 24:  # noqa: PLR2004 - struct sockaddr_in6
        sender = IPv6Address(offender[8:24])
    else:
        return ""
    return f" (from {sender})"
