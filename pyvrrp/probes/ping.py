"""The ping check: an ICMP echo request must be answered."""

import asyncio
import os
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.progress import ProbeProgress, first_success
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.http.socket_address import SocketAddress, bind_to, scope_of, sockaddr
from pyvrrp.config.model.configuration import PingProbeConfig
from pyvrrp.identity import Address, Family
from pyvrrp.packet.layout import family_of
from pyvrrp.probes.icmp import REPLY, Echo, error_in_words

_SOL_RAW, _ICMP_FILTER = 255, 1
_ICMP6_FILTER = 1
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, padding, info, data
_ORIGINS = {2, 3}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_PACKET = 2048  # octets; the reply is as long as the request
_ANCILLARY = 256  # octets
_TOKEN = 16  # octets


class PingProbe:
    """Sends ICMP echo requests."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def run(self, probe: PingProbeConfig, progress: ProbeProgress) -> str:
        """Return how long the reply took. Raise ProbeError or OSError if there is none.

        The addresses of a host name are tried one after the other, see `first_success`.
        """
        addresses = await self._connector.addresses(probe.host, probe.source, probe.netns, progress)
        progress.overdue = f"no answer from {probe.host} within"
        return await first_success(
            addresses, lambda address: _ping(address, probe, progress), progress
        )


async def _ping(address: Address, probe: PingProbeConfig, progress: ProbeProgress) -> str:
    family = family_of(address)
    echo = Echo(family, int.from_bytes(os.urandom(2)), os.urandom(_TOKEN))
    connection, target = _prepare(address, family, probe)
    loop = asyncio.get_running_loop()
    with connection:
        # A connected socket receives packets from this address only, and reports ICMP errors.
        # Both calls return at once, because there is no handshake.
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
        _receive_replies_and_errors(connection, family)
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


def _receive_replies_and_errors(connection: socket.socket, family: Family) -> None:
    """Receive echo replies only, and ICMP errors with their senders."""
    if family is Family.IPV4:
        dropped = ~(1 << REPLY[family]) & 0xFFFFFFFF
        connection.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", dropped))
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        return
    words = [0xFFFFFFFF] * 8
    words[REPLY[family] >> 5] &= ~(1 << (REPLY[family] & 31))
    connection.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
    connection.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def _raise_if_final(connection: socket.socket, echo: Echo, error: OSError) -> None:
    """Raise ProbeError if an ICMP error says that no reply will come; raise *error* otherwise.

    Return if the ICMP error is about another packet, or a reply may still come.
    """
    try:
        message, ancillary, _, _ = connection.recvmsg(_PACKET, _ANCILLARY, socket.MSG_ERRQUEUE)
    except BlockingIOError:
        raise error from None  # an error of this machine, not an ICMP error
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
    """Return the sender of an error, from the sockaddr_in or sockaddr_in6 after it, as text."""
    family = int.from_bytes(offender[:2], sys.byteorder) if len(offender) >= 2 else 0  # noqa: PLR2004
    sender: IPv4Address | IPv6Address
    if family == socket.AF_INET and len(offender) >= 8:  # noqa: PLR2004 - struct sockaddr_in
        sender = IPv4Address(offender[4:8])
    elif family == socket.AF_INET6 and len(offender) >= 24:  # noqa: PLR2004 - struct sockaddr_in6
        sender = IPv6Address(offender[8:24])
    else:
        return ""
    return f" (from {sender})"
