"""Encode and decode the few NETLINK_ROUTE messages about addresses and interfaces that we need.

The guardian imports this module, so it must import little.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
_RTM_SETLINK = 19
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22
_RTM_GETROUTE = 26

IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_OPERSTATE = 16
_IFLA_AF_SPEC = 26
_IFLA_PROP_LIST = 52
_IFLA_ALT_IFNAME = 53
_IFLA_EXT_MASK = 29
_IFLA_INET_CONF = 1
_PROMOTE_SECONDARIES = 20  # linux/ip.h: IPV4_DEVCONF_PROMOTE_SECONDARIES
_SKIP_STATISTICS = 8

IFA_ADDRESS = 1
IFA_LOCAL = 2
_IFA_LABEL = 3
_IFA_BROADCAST = 4
IFA_CACHEINFO = 6
IFA_FLAGS = 8
IFA_PROTO = 11

IFA_F_NODAD = 0x02
IFA_F_OPTIMISTIC = 0x04
IFA_F_DADFAILED = 0x08
IFA_F_TENTATIVE = 0x40
IFA_F_PERMANENT = 0x80
IFA_F_NOPREFIXROUTE = 0x200

_RTA_DST = 1
_RTA_OIF = 4
_RTN_LOCAL = 2
_ROUTE_TYPE = 7  # its offset in the body

FOREVER = 0xFFFFFFFF
_FIRST_WITH_TAGS = (5, 18)
OUR_PROTOCOL = 112  # IFA_PROTO of every address pyvrrp adds: VRRP's number (18 is keepalived's)

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_ACK = 0x004
NLM_F_DUMP = 0x300
NLM_F_DUMP_INTERRUPTED = 0x010
_NLM_F_REQUEST = 0x001
_NLM_F_REPLACE = 0x100
_NLM_F_CREATE = 0x400
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1

_HEADER = struct.Struct("=IHHII")
_FLAGS = struct.Struct("=H")
_FLAGS_AND_NUMBER = struct.Struct("=HI")
_ATTRIBUTE = struct.Struct("=HH")
ADDRESS = struct.Struct("=BBBBi")
LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_LIFETIMES = struct.Struct("=IIII")
# Octets of the fixed part of a body. That of an error begins with the code and the header of the
# request.
_SHORTEST = {
    **dict.fromkeys((RTM_NEWLINK, RTM_DELLINK), LINK.size),
    **dict.fromkeys((RTM_NEWADDR, RTM_DELADDR), ADDRESS.size),
    NLMSG_ERROR: 4 + _HEADER.size,
    NLMSG_DONE: 4,
}


class ListedAddress:
    """One address of a list: on which interface, and how. *protocol* is the tag, 0: none."""

    __slots__ = ("family", "flags", "index", "plain", "protocol")

    def __init__(
        self, index: int, family: int, plain: tuple[bytes, int], flags: int, protocol: int
    ) -> None:
        self.index = index
        self.family = family
        self.plain = plain  # packed address, length of the prefix
        self.flags = flags
        self.protocol = protocol


def listed_address(body: bytes) -> ListedAddress | None:
    """Return what the body of a message of the list of addresses says; None: no address."""
    family, prefix, flags, _, index = ADDRESS.unpack_from(body)
    found = attributes(body, ADDRESS.size)
    # If the address has a peer, IFA_ADDRESS is that of the peer.
    local = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)
    if local is None:
        return None
    if len(local) != (4 if family == socket.AF_INET else 16):
        return None
    if IFA_FLAGS in found:
        flags = int.from_bytes(found[IFA_FLAGS], sys.byteorder)
    protocol = int.from_bytes(found.get(IFA_PROTO, b""), sys.byteorder)
    return ListedAddress(index, family, (local, prefix), flags, protocol)


def kernel_has_tags(release: str) -> bool:
    """Return whether a kernel of this release keeps the tag of an address (IFA_PROTO)."""
    numbers = [int(part) for part in release.replace("-", ".").split(".")[:2] if part.isdigit()]
    return tuple(numbers) >= _FIRST_WITH_TAGS


HAS_TAGS = kernel_has_tags(os.uname().release)


def add_address(
    index: int,
    local: bytes,
    prefix: int,
    lifetime: int,
    *,
    label: str = "",
    scope: int = 0,
    broadcast: bytes = b"",
    prefix_route: bool = True,
) -> bytes:
    """Return the request that adds or renews an address for *lifetime* seconds (0: for ever)."""
    valid = lifetime or FOREVER
    flags = 0
    preferred = valid
    if len(local) == 16:  # noqa: PLR2004  - an IPv6 address
        flags = IFA_F_NODAD
        preferred = 0  # deprecated: never the source that the kernel chooses for this host
        if prefix == 128:  # noqa: PLR2004  - a host address has no route to a network
            flags |= IFA_F_NOPREFIXROUTE
    if not prefix_route:
        flags |= IFA_F_NOPREFIXROUTE
    body = (
        _address_body(index, local, prefix, scope)
        + (attribute(_IFA_BROADCAST, broadcast) if broadcast else b"")
        + (attribute(_IFA_LABEL, label.encode() + b"\0") if label else b"")
        + attribute(IFA_CACHEINFO, _LIFETIMES.pack(preferred, valid, 0, 0))
        + attribute(IFA_FLAGS, struct.pack("=I", flags))
        + attribute(IFA_PROTO, bytes((OUR_PROTOCOL,)))
    )
    return _message(RTM_NEWADDR, _NLM_F_CREATE | _NLM_F_REPLACE, body)


def delete_address(index: int, local: bytes, prefix: int) -> bytes:
    """Return the request that removes an address."""
    return _message(RTM_DELADDR, 0, _address_body(index, local, prefix))


def get_addresses(index: int) -> bytes:
    """Return the request for the addresses of one interface, of both families."""
    return _message(RTM_GETADDR, NLM_F_DUMP, ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, index))


def get_link(name: str) -> bytes:
    """Return the request for one interface by its name."""
    named = attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
    named += attribute(IFLA_IFNAME, name.encode() + b"\0")
    return _message(RTM_GETLINK, 0, LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + named)


def get_link_at(index: int) -> bytes:
    """Return the request for one interface by its index."""
    named = attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
    return _message(RTM_GETLINK, 0, LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0) + named)


def promote_secondaries(index: int) -> bytes:
    """Return the request that keeps the other addresses of a network when its first one goes.

    Without it the kernel removes all IPv4 addresses of the network together with the first one.
    """
    conf = attribute(_PROMOTE_SECONDARIES, struct.pack("=I", 1))
    family = attribute(socket.AF_INET, attribute(_IFLA_INET_CONF, conf))
    body = LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0) + attribute(_IFLA_AF_SPEC, family)
    return _message(_RTM_SETLINK, 0, body)


def promotes_secondaries(link: bytes) -> bool:
    """Return whether an interface, given by the body of an answer, keeps those addresses.

    True as well where the kernel does not say it: there is nothing to set then.
    """
    families = attributes(attributes(link, LINK.size).get(_IFLA_AF_SPEC, b""), 0)
    conf = attributes(families.get(socket.AF_INET, b""), 0).get(_IFLA_INET_CONF, b"")
    at = 4 * (_PROMOTE_SECONDARIES - 1)
    return len(conf) < at + 4 or bool(struct.unpack_from("=I", conf, at)[0])


def get_route(index: int, local: bytes) -> bytes:
    """Return the request for the route of an IPv6 packet that arrives at an interface."""
    body = (
        _ROUTE.pack(socket.AF_INET6, 128, 0, 0, 0, 0, 0, 0, 0)
        + attribute(_RTA_DST, local)
        + attribute(_RTA_OIF, struct.pack("=i", index))
    )
    return _message(_RTM_GETROUTE, 0, body)


def is_local(route: bytes) -> bool:
    """Return whether a route, given by its body, delivers packets to this host."""
    return route[_ROUTE_TYPE] == _RTN_LOCAL


def flags_of(request: bytes) -> int:
    """Return the flags of a message."""
    flags: int = _FLAGS.unpack_from(request, 6)[0]
    return flags


def numbered(request: bytes, flags: int, number: int) -> bytes:
    """Return the message with these flags and this sequence number."""
    return request[:6] + _FLAGS_AND_NUMBER.pack(flags, number) + request[12:]


def messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield type, flags, sequence number and body of each message in one datagram.

    A message that is shorter than the fixed part of its type is left out. The end of the last one
    may be missing.
    """
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, number, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            break
        body = data[offset + _HEADER.size : offset + length]
        if len(body) >= _SHORTEST.get(kind, 0):
            yield kind, flags, number, body
        offset += length + -length % 4


def verdict(flags: int, body: bytes) -> tuple[int, str]:
    """Return errno (0: done) and the kernel's explanation from the body of an NLMSG_ERROR."""
    code = -int(struct.unpack_from("=i", body)[0])
    text = ""
    if flags & _NLM_F_ACK_TLVS:
        # With CAP_ACK only the header of the request stands between the code and the attributes.
        echoed = _HEADER.size
        if not flags & _NLM_F_CAPPED:
            echoed = int(struct.unpack_from("=I", body, 4)[0])
        explanation = attributes(body, 4 + echoed).get(_NLMSGERR_ATTR_MSG, b"")
        text = explanation.rstrip(b"\0").decode(errors="replace")
    return code, text


def attribute(kind: int, payload: bytes) -> bytes:
    """Return one attribute, padded."""
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + bytes(-length % 4)


def attributes(data: bytes, offset: int) -> dict[int, bytes]:
    """Return the attributes from *offset* on by their kind; of several of a kind the last one."""
    return dict(_each_attribute(data, offset))


def names_of(link: bytes) -> tuple[str, ...]:
    """Return the name of an interface and its alternative names, from the body of a message."""
    found = attributes(link, LINK.size)
    others = _each_attribute(found.get(_IFLA_PROP_LIST, b""), 0)
    names = [found.get(IFLA_IFNAME, b"")]
    names += [name for kind, name in others if kind == _IFLA_ALT_IFNAME]
    return tuple(name.rstrip(b"\0").decode(errors="replace") for name in names)


def _each_attribute(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        yield kind & 0x3FFF, data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + -length % 4


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags | _NLM_F_REQUEST, 0, 0) + body


def _address_body(index: int, local: bytes, prefix: int, scope: int = 0) -> bytes:
    family = socket.AF_INET6 if len(local) == 16 else socket.AF_INET  # noqa: PLR2004  - IPv6
    return (
        ADDRESS.pack(family, prefix, 0, scope, index)
        + attribute(IFA_LOCAL, local)
        + attribute(IFA_ADDRESS, local)
    )
