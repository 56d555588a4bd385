"""Who holds which address, from the kernel: netlink address and link events of one namespace."""

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.testing.namespaces import inside

_GROUPS = 0x1 | 0x10 | 0x100  # links, IPv4 addresses, IPv6 addresses
_REQUEST_DUMP = 0x1 | 0x300
_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBI")
_LINK = struct.Struct("=BBHiII")
_ATTRIBUTE = struct.Struct("=HH")
_NEW_LINK, _DELETE_LINK, _GET_LINK = 16, 17, 18
_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_IFA_ADDRESS, _IFA_LOCAL, _IFLA_IFNAME = 1, 2, 3
_IFF_LOOPBACK, _IFF_LOWER_UP = 0x8, 0x10000
_ROOM = 1 << 16
_BUFFER = 1 << 22
_SO_RCVBUFFORCE = 33


@dataclass(frozen=True, slots=True)
class Holding:
    """From now on the node holds *address*, or does not."""

    address: str
    interface: str
    held: bool


@dataclass(slots=True)
class _Link:
    name: str
    loopback: bool
    carrier: bool


class AddressTruth:
    """The addresses of one namespace, kept up to date by `read`.

    An address on a virtual interface (anything but `eth*`) counts only while that interface has
    carrier: a standby of FRR keeps its addresses on macvlans that are down.
    """

    def __init__(self, namespace: str) -> None:
        self.socket = inside(namespace, _open)
        self._links: dict[int, _Link] = {}
        self._addresses: set[tuple[int, str]] = set()
        self._reported: dict[str, str] = {}  # address -> interface
        self._ask(_GET_LINK)

    def read(self) -> list[Holding]:
        """Read the events of the kernel and return what they changed."""
        try:
            data = self.socket.recv(_ROOM)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self._links.clear()
            self._addresses.clear()
            self._ask(_GET_LINK)
            return []
        links_done = False
        for kind, body in _messages(data):
            self._take(kind, body)
            links_done |= kind == 3  # noqa: PLR2004 - NLMSG_DONE
        if links_done and not self._addresses:
            self._ask(_GET_ADDRESS)  # the kernel takes one dump at a time
        return self._changes()

    def _take(self, kind: int, body: bytes) -> None:
        if kind in {_NEW_LINK, _DELETE_LINK}:
            self._take_link(kind, body)
        elif kind in {_NEW_ADDRESS, _DELETE_ADDRESS}:
            self._take_address(kind, body)

    def _take_link(self, kind: int, body: bytes) -> None:
        _family, _pad, _type, index, flags, _change = _LINK.unpack_from(body)
        if kind == _DELETE_LINK:
            self._links.pop(index, None)
            self._addresses = {entry for entry in self._addresses if entry[0] != index}
            return
        name = _attributes(body[_LINK.size :]).get(_IFLA_IFNAME, b"").rstrip(b"\0").decode()
        self._links[index] = _Link(
            name, loopback=bool(flags & _IFF_LOOPBACK), carrier=bool(flags & _IFF_LOWER_UP)
        )

    def _take_address(self, kind: int, body: bytes) -> None:
        family, _prefix, _flags, _scope, index = _ADDRESS.unpack_from(body)
        attributes = _attributes(body[_ADDRESS.size :])
        packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
        if packed is None:
            return
        address = IPv4Address(packed) if family == socket.AF_INET else IPv6Address(packed)
        entry = (index, str(address))
        if kind == _NEW_ADDRESS:
            self._addresses.add(entry)
        else:
            self._addresses.discard(entry)

    def _changes(self) -> list[Holding]:
        held: dict[str, str] = {}
        for index, address in sorted(self._addresses):
            link = self._links.get(index)
            if link is None or link.loopback:
                continue
            if link.name.startswith("eth") or link.carrier:
                held.setdefault(address, link.name)
        gone = [
            Holding(address, interface, held=False)
            for address, interface in self._reported.items()
            if address not in held
        ]
        come = [
            Holding(address, interface, held=True)
            for address, interface in held.items()
            if address not in self._reported
        ]
        self._reported = held
        return gone + come

    def _ask(self, kind: int) -> None:
        body = bytes(_LINK.size)
        self.socket.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, 1, 0) + body)


def _open() -> socket.socket:
    kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    kernel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    kernel.bind((0, _GROUPS))
    return kernel


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = _HEADER.unpack_from(data, position)
        if length < _HEADER.size:
            return
        yield kind, data[position + _HEADER.size : position + length]
        position += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3
    return found
