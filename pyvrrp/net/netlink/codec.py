"""A small codec and socket for NETLINK_ROUTE: what the way of an address needs, and no more.

Requests go out as one batch in one send: 250 IPv4 addresses take about 0.4 ms. Lean, since the
guardian imports it. Failures raise OSError; the caller translates it.
"""

import errno
import fcntl
import socket
import struct
from collections.abc import Iterator, Sequence

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
_SIOCGIFINDEX = 0x8933
_INTERFACE_REQUEST = struct.Struct("=16si20x")

_HEADER = struct.Struct("=IHHII")
_FLAGS_AND_NUMBER = struct.Struct("=HI")
_ATTRIBUTE = struct.Struct("=HH")
ADDRESS = struct.Struct("=BBBBi")
LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_LIFETIMES = struct.Struct("=IIII")

# If all requests fail: one report takes about 800 bytes of the receive buffer, of which 425,984
# may be had without privileges.
_PER_SEND = 256
_RECEIVE_BUFFER = 1 << 20
_LONGEST_ANSWER = 1 << 16
_QUESTION = 1 << 31  # in the number of each question, and never in that of a batch's request
_PATIENCE_SECONDS = 5.0


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
    return _message(RTM_NEWADDR, _NLM_F_CREATE | _NLM_F_REPLACE, body)


def delete_address(index: int, local: bytes, prefix: int) -> bytes:
    """Return the request that removes an address."""
    return _message(RTM_DELADDR, 0, _address_body(index, local, prefix))


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


class Batch:
    """Requests as they go to the kernel: numbered, and joined into as few datagrams as possible.

    Only the last request of a datagram asks for an acknowledgement. The kernel carries the requests
    out in order and reports each failure in any case, so that one acknowledgement says that
    everything has been done but what was reported. An acknowledgement of each would take ten times
    as long as the renewals themselves.
    """

    __slots__ = ("datagrams",)

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.datagrams = [
            _datagram(requests, start, min(start + _PER_SEND, len(requests)))
            for start in range(0, len(requests), _PER_SEND)
        ]


class Netlink:
    """A blocking NETLINK_ROUTE socket in the network namespace of the calling thread.

    After an OSError from `batch` it must not be used again: what the kernel still has to say could
    be taken for the answer to a later batch.
    """

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
        self._asked = 0

    def __enter__(self) -> "Netlink":  # noqa: PYI034  - the guardian does without typing
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close; closing twice does no harm."""
        self._sock.close()

    def batch(self, batch: Batch) -> dict[int, tuple[int, str]]:
        """Carry out the requests; return errno and the kernel's explanation of each that failed.

        The key is the position of the request in the batch.
        """
        failures: dict[int, tuple[int, str]] = {}
        for datagram, last in batch.datagrams:
            self._sock.send(datagram)
            self._await(last, failures)
        return failures

    def ask(self, request: bytes) -> Iterator[tuple[int, bytes]]:
        """Send one request; yield type and body of each message of the answer.

        Raises InterruptedError at the end if a table changed while it was read.
        """
        self._asked = asked = (self._asked + 1) % _QUESTION + _QUESTION
        flags = _HEADER.unpack_from(request)[2]
        self._sock.send(_numbered(request, flags, asked))
        whole_table = bool(flags & _NLM_F_DUMP)
        interrupted = False
        while True:
            for kind, flags, number, body in _messages(self._sock.recv(_LONGEST_ANSWER)):
                if number != asked:
                    continue
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

    def interface_index(self, name: str) -> int:
        """Return the index of the interface of that name; OSError with ENODEV if there is none.

        Unlike a netlink request, this does not wait for the kernel's rtnl lock.
        """
        request = _INTERFACE_REQUEST.pack(name.encode(), 0)
        index: int = _INTERFACE_REQUEST.unpack(fcntl.ioctl(self._sock, _SIOCGIFINDEX, request))[1]
        return index

    def _await(self, last: int, failures: dict[int, tuple[int, str]]) -> None:
        while True:
            for kind, flags, number, body in _messages(self._sock.recv(_LONGEST_ANSWER)):
                if kind != _NLMSG_ERROR:
                    continue
                code, text = _verdict(flags, body)
                if code:
                    failures[number] = (code, text)
                if number == last:
                    return

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


def _datagram(requests: Sequence[bytes], start: int, end: int) -> tuple[bytes, int]:
    """Return the requests from *start* up to *end* as one datagram, and the number of the last."""
    last = end - 1
    numbered = []
    for number in range(start, end):
        request = requests[number]
        flags = _HEADER.unpack_from(request)[2]
        if number == last:
            flags |= _NLM_F_ACK
        numbered.append(_numbered(request, flags, number))
    return b"".join(numbered), last


def _numbered(request: bytes, flags: int, number: int) -> bytes:
    return request[:6] + _FLAGS_AND_NUMBER.pack(flags, number) + request[12:]


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
