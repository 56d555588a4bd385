"""A small codec and socket for NETLINK_ROUTE: what the way of an address needs, and no more.

Requests go out as one batch in one send: 250 addresses take about a millisecond. They are memoised
by value, so a renewed lease is not encoded again. Lean, since the guardian imports it. Failures
raise OSError; who calls translates it.
"""

import errno
import socket
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22
_RTM_GETROUTE = 26

IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_OPERSTATE = 16
_IFLA_EXT_MASK = 29
_SKIP_STATISTICS = 8

IFA_ADDRESS = 1
IFA_LOCAL = 2
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
_RTM_TYPE = 7  # offset of the route's type

FOREVER = 0xFFFFFFFF
OUR_PROTOCOL = 112  # IFA_PROTO of every address pyvrrp adds: VRRP's number (18 is keepalived's)

_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_REQUEST = 0x001
_NLM_F_ACK = 0x004
_NLM_F_DUMP = 0x300
_NLM_F_REPLACE = 0x100
_NLM_F_CREATE = 0x400
_NLM_F_DUMP_INTERRUPTED = 0x010
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1

_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12
_SO_RCVBUFFORCE = 33

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
ADDRESS = struct.Struct("=BBBBi")
LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_LIFETIMES = struct.Struct("=IIII")

# One acknowledgement takes about 800 bytes of the receive buffer, of which 425,984 may be had
# without privileges.
_PER_SEND = 256
_RECEIVE_BUFFER = 1 << 20
_PATIENCE_SECONDS = 5.0


@lru_cache(maxsize=4096)
def add_address(index: int, local: bytes, prefix: int, lifetime: int) -> bytes:
    """Return the request that has an address for *lifetime* more seconds (0: for ever)."""
    valid = lifetime or FOREVER
    flags = 0
    preferred = valid
    if len(local) == 16:  # noqa: PLR2004  - an IPv6 address
        flags = IFA_F_NODAD
        if prefix == 128:  # noqa: PLR2004  - a host prefix: never a source, no route of its own
            preferred = 0
            flags |= IFA_F_NOPREFIXROUTE
    body = (
        _address_body(index, local, prefix)
        + attribute(IFA_CACHEINFO, _LIFETIMES.pack(preferred, valid, 0, 0))
        + attribute(IFA_FLAGS, struct.pack("=I", flags))
        + attribute(IFA_PROTO, bytes((OUR_PROTOCOL,)))
    )
    return _message(RTM_NEWADDR, _NLM_F_ACK | _NLM_F_CREATE | _NLM_F_REPLACE, body)


@lru_cache(maxsize=4096)
def delete_address(index: int, local: bytes, prefix: int) -> bytes:
    """Return the request that removes an address."""
    return _message(RTM_DELADDR, _NLM_F_ACK, _address_body(index, local, prefix))


def get_addresses(index: int) -> bytes:
    """Return the request that dumps the addresses of one interface, of both families."""
    return _message(RTM_GETADDR, _NLM_F_DUMP, ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, index))


def get_link(name: str) -> bytes:
    """Return the request for one interface by its name."""
    named = attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
    named += attribute(IFLA_IFNAME, name.encode() + b"\0")
    return _message(RTM_GETLINK, 0, LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + named)


def attribute(kind: int, payload: bytes) -> bytes:
    """Return one attribute, padded."""
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + bytes(-length % 4)


def attributes(data: bytes, offset: int) -> dict[int, bytes]:
    """Return the attributes from *offset* on, the last of a kind winning."""
    found = {}
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + -length % 4
    return found


class Netlink:
    """A blocking NETLINK_ROUTE socket in the network namespace of the calling thread."""

    def __init__(self) -> None:
        self._sock = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        try:
            self._sock.settimeout(_PATIENCE_SECONDS)
            self._set(_NETLINK_CAP_ACK)
            self._set(_NETLINK_EXT_ACK)
            self._set(_NETLINK_GET_STRICT_CHK)
            self._enlarge()
            self._sock.bind((0, 0))
        except BaseException:
            self._sock.close()
            raise

    def __enter__(self) -> "Netlink":  # noqa: PYI034  - the guardian does without typing
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def batch(self, requests: Sequence[bytes]) -> list[tuple[int, str]]:
        """Send *requests*; return for each its errno (0: done) and the kernel's explanation."""
        results = []
        for start in range(0, len(requests), _PER_SEND):
            results += self._batch(requests[start : start + _PER_SEND])
        return results

    def ask(self, request: bytes) -> Iterator[tuple[int, bytes]]:
        """Send one request; yield type and body of each message of the answer.

        Raises InterruptedError at the end if a table changed while it was read.
        """
        self._sock.send(request)
        whole_table = bool(_HEADER.unpack_from(request)[2] & _NLM_F_DUMP)
        interrupted = False
        while True:
            for kind, flags, _, body in _messages(self._sock.recv(1 << 17)):
                interrupted |= whole_table and bool(flags & _NLM_F_DUMP_INTERRUPTED)
                if kind in {_NLMSG_ERROR, _NLMSG_DONE}:
                    _end_of_answer(kind, flags, body, interrupted=interrupted)
                    return
                yield kind, body
                if not whole_table:
                    return

    def accepts(self, index: int, local: bytes) -> bool:
        """Tell whether packets for an IPv6 address that come in at the interface are for us."""
        body = (
            _ROUTE.pack(socket.AF_INET6, 128, 0, 0, 0, 0, 0, 0, 0)
            + attribute(_RTA_DST, local)
            + attribute(_RTA_OIF, struct.pack("=i", index))
        )
        try:
            return any(
                answer[_RTM_TYPE] == _RTN_LOCAL
                for _, answer in self.ask(_message(_RTM_GETROUTE, 0, body))
            )
        except OSError:
            return False

    def _batch(self, requests: Sequence[bytes]) -> list[tuple[int, str]]:
        numbered = (
            request[:8] + struct.pack("=I", number) + request[12:]
            for number, request in enumerate(requests)
        )
        self._sock.send(b"".join(numbered))
        verdicts: dict[int, tuple[int, str]] = {}
        while len(verdicts) < len(requests):
            for kind, flags, number, body in _messages(self._sock.recv(1 << 17)):
                if kind == _NLMSG_ERROR:
                    verdicts[number] = _verdict(flags, body)
        return [verdicts[number] for number in range(len(requests))]

    def _set(self, option: int) -> None:
        try:
            self._sock.setsockopt(_SOL_NETLINK, option, 1)
        except OSError:
            # An older kernel: it explains less and filters less, which costs time only.
            return

    def _enlarge(self) -> None:
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        except OSError:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags | _NLM_F_REQUEST, 0, 0) + body


def _address_body(index: int, local: bytes, prefix: int) -> bytes:
    family = socket.AF_INET6 if len(local) == 16 else socket.AF_INET  # noqa: PLR2004  - IPv6
    return (
        ADDRESS.pack(family, prefix, 0, 0, index)
        + attribute(IFA_LOCAL, local)
        + attribute(IFA_ADDRESS, local)
    )


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, number, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            break
        yield kind, flags, number, data[offset + _HEADER.size : offset + length]
        offset += length + -length % 4


def _end_of_answer(kind: int, flags: int, body: bytes, *, interrupted: bool) -> None:
    code, text = _verdict(flags if kind == _NLMSG_ERROR else 0, body)
    if code:
        raise OSError(code, text)
    if interrupted:
        raise OSError(errno.EINTR, "the table changed while it was read")


def _verdict(flags: int, body: bytes) -> tuple[int, str]:
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
