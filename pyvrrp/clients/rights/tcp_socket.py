"""Open TCP sockets."""

import socket
from ipaddress import IPv4Address

from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.socket_address import bind_to, scope_of
from pyvrrp.clients.rights.wants import Opened, TcpSocket
from pyvrrp.identity import Address


def open_tcp(want: TcpSocket, address: Address) -> Opened:
    """Return a TCP socket for *address*, not connected. Raise ProbeError or OSError."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with inside(want.netns):
        scope = scope_of(address)
        source_scope = scope_of(want.source) or scope
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if want.source is not None:
            bind_to(connection, want.source, source_scope)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, scope)
