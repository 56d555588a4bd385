"""Read capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).

Both byte orders and both resolutions (microseconds and nanoseconds) are read. A packet is returned
as soon as it has been read, so a pipe from a running capture works. No file content raises another
error than `CaptureError`.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Literal, TypeAlias

from pyvrrp.errors import VrrpError
from pyvrrp.units import SECOND, Nanoseconds

_LARGEST = 16 * 1024 * 1024  # octets; a frame is much shorter, so a greater length is wrong
_PCAP_MAGIC: dict[bytes, tuple["_Order", int]] = {
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
_PCAP_VERSION = 2
_SECTION_HEADER = b"\x0a\x0d\x0d\x0a"  # the same in both byte orders
_BYTE_ORDER_MAGIC: dict[bytes, "_Order"] = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}

_Order: TypeAlias = Literal["<", ">"]


class CaptureError(VrrpError):
    """The file is not a capture or cannot be read. The text names the file and the offset."""


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """One packet of a capture.

    *time* is since the epoch; None: it was not recorded. *data* begins with the link header. The
    end of the packet may be missing.
    """

    time: Nanoseconds | None
    link_type: int
    data: bytes


def read_packets(stream: BinaryIO, name: str) -> Iterator[CapturedPacket]:
    """Yield the packets of the capture in *stream*. *name* is the name of the file in errors.

    Raise CaptureError if the file is of another kind, is cut or contradicts itself. The packets
    before that offset are yielded first.
    """
    source = _Source(stream, name)
    magic = source.read_up_to(4)
    if magic in _PCAP_MAGIC:
        yield from _pcap(source, *_PCAP_MAGIC[magic])
    elif magic == _SECTION_HEADER:
        yield from _pcapng(source)
    elif not magic:
        raise source.error("the file is empty", at=0)
    else:
        raise source.error(f"not pcap or pcapng: the file begins with {magic.hex(' ')}", at=0)


class _Source:
    """A stream, with its name and the offset up to which it has been read."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self.offset = 0

    def error(self, what: str, at: int) -> CaptureError:
        return CaptureError(f"{self._name}: offset {at}: {what}")

    def read_up_to(self, count: int) -> bytes:
        try:
            data = self._stream.read(count)
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror or error}", self.offset) from error
        self.offset += len(data)
        return data

    def read(self, count: int, what: str) -> bytes:
        began = self.offset
        data = self.read_up_to(count)
        if len(data) < count:
            missing = count - len(data)
            raise self.error(f"the file ends {missing} bytes before the end of {what}", began)
        return data

    def read_or_end(self, count: int, what: str) -> bytes:
        """Return *count* octets, or none if the file ends here."""
        began = self.offset
        data = self.read_up_to(count)
        if data and len(data) < count:
            raise self.error(f"the file ends in the middle of {what}", began)
        return data


def _pcap(source: _Source, order: _Order, nanoseconds_per_tick: int) -> Iterator[CapturedPacket]:
    header = source.read(20, "the file header")
    major, minor, link_field = struct.unpack(f"{order}HH12xI", header)
    if major != _PCAP_VERSION:
        raise source.error(f"pcap version {major}.{minor}, only 2.x can be read", at=4)
    record = struct.Struct(f"{order}IIII")
    while header := source.read_or_end(record.size, "a packet header"):
        seconds, ticks, length, _wire_length = record.unpack(header)
        if length > _LARGEST:
            raise source.error(
                f"a packet of {length} bytes is impossible", at=source.offset - record.size
            )
        yield CapturedPacket(
            time=Nanoseconds(seconds * SECOND + ticks * nanoseconds_per_tick),
            link_type=link_field & 0xFFFF,  # the upper half is about frame check sequences
            data=source.read(length, "a packet"),
        )


@dataclass(frozen=True, slots=True)
class _CaptureInterface:
    """The fields of an Interface Description Block that are needed to read packets."""

    link_type: int
    snap_length: int
    ticks_per_second: int
    offset_seconds: int

    def time(self, high: int, low: int) -> Nanoseconds:
        ticks = (high << 32) | low
        return Nanoseconds(ticks * SECOND // self.ticks_per_second + self.offset_seconds * SECOND)


@dataclass(frozen=True, slots=True)
class _Block:
    """The body of one block, and its offset for error messages."""

    source: _Source
    at: int
    order: _Order
    body: bytes

    def fields(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize(self.order + layout)
        if len(self.body) < size:
            raise self.error(f"a block of {len(self.body)} bytes is too short for its kind")
        return struct.unpack_from(self.order + layout, self.body)

    def data(self, begin: int, length: int) -> bytes:
        if begin + length > len(self.body):
            raise self.error(f"a packet of {length} bytes does not fit into its block")
        return self.body[begin : begin + length]

    def error(self, what: str) -> CaptureError:
        return self.source.error(what, self.at)


def _pcapng(source: _Source) -> Iterator[CapturedPacket]:
    order = _section_order(source)
    interfaces: list[_CaptureInterface] = []
    while True:
        at = source.offset
        kind_field = source.read_or_end(4, "a block")
        if not kind_field:
            return
        if kind_field == _SECTION_HEADER:
            order = _section_order(source)
            interfaces = []
            continue
        (kind,) = struct.unpack(f"{order}I", kind_field)
        block = _Block(source, at, order, _block_body(source, order, at))
        if kind == 1:
            interfaces.append(_interface(block))
        elif kind in _PACKET_BLOCKS:
            yield _PACKET_BLOCKS[kind](block, interfaces)


def _section_order(source: _Source) -> _Order:
    """Read a Section Header Block after its type. Return the byte order of the section."""
    at = source.offset - 4
    header = source.read(8, "a section header")
    order = _BYTE_ORDER_MAGIC.get(header[4:])
    if order is None:
        raise source.error(f"the byte order magic {header[4:].hex(' ')} is unknown", at)
    (length,) = struct.unpack(f"{order}I", header[:4])
    _check_block_length(source, length, at, shortest=28)
    rest = source.read(length - 12, "a section header")
    _check_trailer(source, order, length, rest[-4:], at)
    (major,) = struct.unpack_from(f"{order}H", rest)
    if major != 1:
        raise source.error(f"pcapng version {major}, only 1 can be read", at)
    return order


def _block_body(source: _Source, order: _Order, at: int) -> bytes:
    (length,) = struct.unpack(f"{order}I", source.read(4, "a block"))
    _check_block_length(source, length, at, shortest=12)
    rest = source.read(length - 8, "a block")
    _check_trailer(source, order, length, rest[-4:], at)
    return rest[:-4]


def _check_block_length(source: _Source, length: int, at: int, shortest: int) -> None:
    if length % 4 or not shortest <= length <= _LARGEST:
        raise source.error(f"a block of {length} bytes is impossible", at)


def _check_trailer(source: _Source, order: _Order, length: int, trailer: bytes, at: int) -> None:
    (repeated,) = struct.unpack(f"{order}I", trailer)
    if repeated != length:
        raise source.error(f"a block of {length} bytes has the length {repeated} at its end", at)


def _interface(block: _Block) -> _CaptureInterface:
    link_type, snap_length = block.fields("H2xI")
    ticks_per_second, offset_seconds = 1_000_000, 0
    for code, value in _options(block, begin=8):
        match code, len(value):
            case 9, 1:  # if_tsresol
                exponent = value[0] & 0x7F
                ticks_per_second = 1 << exponent if value[0] & 0x80 else 10**exponent
            case 14, 8:  # if_tsoffset
                (offset_seconds,) = struct.unpack(f"{block.order}q", value)
            case _:
                pass
    return _CaptureInterface(link_type, snap_length, ticks_per_second, offset_seconds)


def _options(block: _Block, begin: int) -> Iterator[tuple[int, bytes]]:
    while begin + 4 <= len(block.body):
        code, length = struct.unpack_from(f"{block.order}HH", block.body, begin)
        if code == 0:
            return
        if begin + 4 + length > len(block.body):
            raise block.error(f"an option of {length} bytes does not fit into its block")
        yield code, block.body[begin + 4 : begin + 4 + length]
        begin += 4 + length + -length % 4


def _interface_of(
    block: _Block, interfaces: list[_CaptureInterface], number: int
) -> _CaptureInterface:
    if number >= len(interfaces):
        raise block.error(f"a packet of interface {number}, which the file does not describe")
    return interfaces[number]


def _packet(layout: str, block: _Block, interfaces: list[_CaptureInterface]) -> CapturedPacket:
    number, high, low, length = block.fields(layout)
    interface = _interface_of(block, interfaces, number)
    return CapturedPacket(interface.time(high, low), interface.link_type, block.data(20, length))


def _simple_packet(block: _Block, interfaces: list[_CaptureInterface]) -> CapturedPacket:
    (wire_length,) = block.fields("I")
    interface = _interface_of(block, interfaces, 0)
    length = min(wire_length, interface.snap_length or wire_length)
    return CapturedPacket(None, interface.link_type, block.data(4, length))


_PACKET_BLOCKS: dict[int, Callable[[_Block, list[_CaptureInterface]], CapturedPacket]] = {
    2: partial(_packet, "H2xIII4x"),  # Packet Block, obsolete
    3: _simple_packet,
    6: partial(_packet, "IIII4x"),  # Enhanced Packet Block
}
