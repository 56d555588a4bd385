"""The records that the daemon sends to its guardian through a pipe.

The guardian imports this module, so it must import little.
"""

import struct
from collections.abc import Iterable, Sequence

HOLD = 1
RELEASE = 2
FORGET = 3
REGISTER = 4
WITHDRAW = 5
COMMAND_BEGINS = 6
COMMAND_ENDED = 7
PREPARE = 8
LOCK = 9
RIGHTS = 10
PER_RECORD = 200  # addresses; such a record fits PIPE_BUF (4096)
_LENGTH = struct.Struct("=I")
_ADDRESSES = struct.Struct("=iB")  # index of the interface, length of the namespace's name
_ADDRESS = struct.Struct("=BB16s")  # length of the address, length of the prefix, address

# Name of the network namespace, index of the interface, packed address, length of the prefix.
Held = tuple[str, int, bytes, int]


class StopRecord:
    """How to stop one resource if the daemon dies or gives no sign of life."""

    __slots__ = (
        "alarm",
        "environment",
        "netns",
        "resource",
        "router",
        "stop",
        "timeout",
        "watchdog",
    )

    def __init__(
        self,
        router: str,
        resource: str,
        stop: Sequence[str],
        environment: Sequence[tuple[str, str]],
        netns: str,
        timeout: float,
        alarm: Sequence[str] = (),
        watchdog: float = 0.0,
    ) -> None:
        self.router = router
        self.resource = resource
        self.stop = list(stop)
        self.environment = list(environment)
        self.netns = netns
        self.timeout = timeout  # seconds
        self.alarm = list(alarm)  # the command to run if the resource does not stop
        self.watchdog = watchdog  # seconds without a sign of life that count as death; 0: none do

    @property
    def key(self) -> tuple[str, str]:
        """Name of the virtual router, and of its resource."""
        return self.router, self.resource


def addresses(
    what: int, held: Held | tuple[str, int], entries: Iterable[tuple[bytes, int]]
) -> bytes:
    """Return a record about addresses of one interface: HOLD or RELEASE."""
    netns, index = held[:2]
    name = netns.encode()
    body = _ADDRESSES.pack(index, len(name)) + name
    body += b"".join(_ADDRESS.pack(len(local), prefix, local) for local, prefix in entries)
    return framed(what, body)


def read_addresses(body: bytes) -> set[Held]:
    """Return the addresses in the body of such a record."""
    index, name_length = _ADDRESSES.unpack_from(body)
    end = _ADDRESSES.size + name_length
    netns = body[_ADDRESSES.size : end].decode()
    return {
        (netns, index, local[:length], prefix)
        for length, prefix, local in _ADDRESS.iter_unpack(body[end:])
    }


def registration(order: StopRecord) -> bytes:
    """Return the record REGISTER of a resource that is about to start."""
    pairs = [word for pair in order.environment for word in pair]
    numbers = [repr(order.timeout), repr(order.watchdog)]
    lists = [[*order.key, order.netns, *numbers], order.stop, pairs, order.alarm]
    return framed(REGISTER, _packed([_packed([w.encode() for w in words]) for words in lists]))


def read_registration(body: bytes) -> StopRecord:
    """Return the stop order in the body of such a record."""
    (head, stop, pairs, alarm) = (
        [word.decode() for word in _unpacked(inner)] for inner in _unpacked(body)
    )
    router, resource, netns, timeout, watchdog = head
    environment = list(zip(pairs[::2], pairs[1::2], strict=True))
    return StopRecord(
        router, resource, stop, environment, netns, float(timeout), alarm, float(watchdog)
    )


def words(what: int, *named: str) -> bytes:
    """Return a record that consists of words."""
    return framed(what, _packed([word.encode() for word in named]))


def read_words(body: bytes) -> list[str]:
    """Return the words in the body of such a record."""
    return [word.decode() for word in _unpacked(body)]


def framed(what: int, body: bytes) -> bytes:
    """Return a whole record: its length, its type, its body."""
    return _LENGTH.pack(len(body) + 1) + bytes((what,)) + body


def split(buffered: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return type and body of each whole record in *buffered*, and the rest of it."""
    records = []
    while len(buffered) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack_from(buffered)[0]
        if len(buffered) < end:
            break
        records.append((buffered[_LENGTH.size], buffered[_LENGTH.size + 1 : end]))
        buffered = buffered[end:]
    return records, buffered


def _packed(parts: Iterable[bytes]) -> bytes:
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def _unpacked(body: bytes) -> list[bytes]:
    parts = []
    while body:
        end = _LENGTH.size + _LENGTH.unpack_from(body)[0]
        parts.append(body[_LENGTH.size : end])
        body = body[end:]
    return parts
