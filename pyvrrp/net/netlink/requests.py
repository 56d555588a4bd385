"""Send requests to the kernel through NETLINK_ROUTE: many in one send, or one question at a time.

250 IPv4 addresses take about 0.4 ms. Errors raise OSError, which the caller translates. The
guardian imports this module, so it must import little.
"""

import errno
import socket
from collections.abc import Iterator, Sequence

from pyvrrp.net.netlink import codec
from pyvrrp.net.system.interface_index import index_through

_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12
_SO_RCVBUFFORCE = 33

# The receive buffer has room for a report on each request, of about 800 bytes. Without privileges
# it has 425,984 bytes.
_PER_SEND = 256
_RECEIVE_BUFFER = 1 << 20
_LONGEST_ANSWER = 1 << 16
_QUESTION = 1 << 31  # in the number of each question, and never in that of a batch's request
_ATTEMPTS = 3
_PATIENCE_SECONDS = 5.0


class Batch:
    """Numbered requests, joined into as few datagrams as possible.

    Only the last request of a datagram asks for an acknowledgement. The kernel carries out the
    requests in order and reports each failure in any case. So one acknowledgement means that all
    other requests are done. An acknowledgement of each request would take ten times as long as a
    renewal itself.
    """

    __slots__ = ("datagrams",)

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.datagrams = [
            _datagram(requests, start, min(start + _PER_SEND, len(requests)))
            for start in range(0, len(requests), _PER_SEND)
        ]


class Netlink:
    """A blocking NETLINK_ROUTE socket in the network namespace of the calling thread.

    After an OSError from `batch` it must not be used again: a late answer could be taken for the
    answer to a later batch.
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

        Raises InterruptedError at the end if the table has changed while it was read.
        """
        self._asked = asked = (self._asked + 1) % _QUESTION + _QUESTION
        flags = codec.flags_of(request)
        self._sock.send(codec.numbered(request, flags, asked))
        whole_table = bool(flags & codec.NLM_F_DUMP)
        interrupted = False
        while True:
            for kind, flags, number, body in codec.messages(self._sock.recv(_LONGEST_ANSWER)):
                if number != asked:
                    continue
                interrupted |= whole_table and bool(flags & codec.NLM_F_DUMP_INTERRUPTED)
                if kind in {codec.NLMSG_ERROR, codec.NLMSG_DONE}:
                    _end_of_answer(kind, flags, body, interrupted=interrupted)
                    return
                yield kind, body
                if not whole_table:
                    return

    def addresses(self, index: int) -> list[codec.ListedAddress]:
        """Return the addresses of one interface in the kernel's order; raise OSError."""
        for _ in range(_ATTEMPTS):
            try:
                bodies = [body for _, body in self.ask(codec.get_addresses(index))]
            except InterruptedError:
                # The list has changed while it was read, so the answer may be inconsistent.
                continue
            found = (codec.listed_address(body) for body in bodies)
            return [one for one in found if one is not None and one.index == index]
        raise OSError(errno.EBUSY, "the addresses change too fast")

    def accepts(self, index: int, local: bytes) -> bool:
        """Return whether packets for an IPv6 address that come in there are for this host."""
        try:
            return any(
                codec.is_local(route) for _, route in self.ask(codec.get_route(index, local))
            )
        except OSError:
            return False

    def interface_index(self, name: str) -> int:
        """Return the index of the interface of that name; OSError with ENODEV if there is none."""
        return index_through(self._sock, name)

    def _await(self, last: int, failures: dict[int, tuple[int, str]]) -> None:
        while True:
            for kind, flags, number, body in codec.messages(self._sock.recv(_LONGEST_ANSWER)):
                if kind != codec.NLMSG_ERROR:
                    continue
                code, text = codec.verdict(flags, body)
                if code:
                    failures[number] = (code, text)
                if number == last:
                    return

    def _set(self, option: int) -> None:
        try:
            self._sock.setsockopt(_SOL_NETLINK, option, 1)
        except OSError:
            # An older kernel explains less and filters less. That only takes more time.
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
        flags = codec.flags_of(request)
        if number == last:
            flags |= codec.NLM_F_ACK
        numbered.append(codec.numbered(request, flags, number))
    return b"".join(numbered), last


def _end_of_answer(kind: int, flags: int, body: bytes, *, interrupted: bool) -> None:
    code, text = codec.verdict(flags if kind == codec.NLMSG_ERROR else 0, body)
    if code:
        raise OSError(code, text)
    if interrupted:
        raise OSError(errno.EINTR, "the table changed while it was read")
