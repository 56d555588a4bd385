"""Open packet sockets for the answers of neighbours. This takes CAP_NET_RAW."""

import ctypes
import socket
import struct
from errno import ENODEV

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.rights.wants import NeighbourSocket, Opened
from pyvrrp.packet.neighbours.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV6

_SO_ATTACH_FILTER = 26
_IPV6_ICMP_ADVERTISEMENTS = (
    (0x30, 0, 0, 20),  # next header ...
    (0x15, 0, 3, 58),  # ... ICMPv6
    (0x30, 0, 0, 54),  # type ...
    (0x15, 0, 1, 136),  # ... Neighbor Advertisement
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
)


def open_neighbour(want: NeighbourSocket) -> Opened:
    """Return a packet socket on the interface that receives answers.

    Raise ProbeError or OSError.
    """
    with inside(want.netns):
        # Without a protocol the socket receives nothing until it is bound, after it has a filter.
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        link.setblocking(False)
        if want.ipv6:
            _filter(link)
            _bind(link, want.interface, ETHERTYPE_IPV6)
        else:
            _bind(link, want.interface, ETHERTYPE_ARP)
    except BaseException:
        link.close()
        raise
    return Opened(link)


def _bind(link: socket.socket, interface: str, protocol: int) -> None:
    try:
        link.bind((interface, protocol))
    except OSError as error:
        if error.errno == ENODEV:
            raise ProbeError(f"there is no interface {interface}") from error
        raise


def _filter(link: socket.socket) -> None:
    """Receive Neighbor Advertisements only, because reading all traffic takes too much time."""
    program = b"".join(struct.pack("=HBBI", *line) for line in _IPV6_ICMP_ADVERTISEMENTS)
    memory = ctypes.create_string_buffer(program)
    lines = len(_IPV6_ICMP_ADVERTISEMENTS)
    header = struct.pack("@HP", lines, ctypes.addressof(memory))
    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)
