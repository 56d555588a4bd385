"""Open raw sockets for ICMP echo requests. This takes CAP_NET_RAW."""

import socket
import struct

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.socket_address import bind_to, scope_of
from pyvrrp.clients.rights.wants import Opened, PingSocket
from pyvrrp.identity import Address, Family
from pyvrrp.packet.layout import family_of

ECHO_REPLY = {Family.IPV4: 0, Family.IPV6: 129}  # the types of ICMP
_SOL_RAW, _ICMP_FILTER = 255, 1
_ICMP6_FILTER = 1
_IP_RECVERR, _IPV6_RECVERR = 11, 25


def open_ping(want: PingSocket, address: Address) -> Opened:
    """Return a raw socket for *address*, not connected. Raise ProbeError or OSError."""
    family = family_of(address)
    protocol = socket.IPPROTO_ICMP if family is Family.IPV4 else socket.IPPROTO_ICMPV6
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    with inside(want.netns):
        scope = scope_of(address)
        source_scope = scope_of(want.source) or scope
        connection = socket.socket(kind, socket.SOCK_RAW, protocol)
        try:
            connection.setblocking(False)
            if want.interface:
                index = _index(want.interface)
                source_scope = source_scope or index
                scope = scope or (index if address.is_link_local else 0)
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_BINDTODEVICE, want.interface.encode()
                )
        except BaseException:
            connection.close()
            raise
    try:
        _receive_replies_and_errors(connection, family)
        if want.source is not None:
            bind_to(connection, want.source, source_scope)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, scope)


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise ProbeError(f"there is no interface {interface}") from error


def _receive_replies_and_errors(connection: socket.socket, family: Family) -> None:
    """Receive echo replies only, and ICMP errors with their senders."""
    reply = ECHO_REPLY[family]
    if family is Family.IPV4:
        connection.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << reply) & 0xFFFFFFFF))
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        return
    words = [0xFFFFFFFF] * 8
    words[reply >> 5] &= ~(1 << (reply & 31))
    connection.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
    connection.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
