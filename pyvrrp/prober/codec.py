"""Values to octets and back. The type of a value alone says how it is written.

A type is one of bool, int, str, bytes, None, Path, an IP address, a dataclass, a tuple, or a union
of these. There are no names and no tags beside the number of the member of a union, so the octets
of a process that is not trusted give a value of the expected type or `MalformedError`. No type
contains itself, so nothing recurses deeper than the types do.
"""

import dataclasses
import struct
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path, PosixPath
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from pyvrrp.errors import VrrpError

T = TypeVar("T")

_INT = struct.Struct("!q")
_LENGTH = struct.Struct("!I")
_MOST_ITEMS = 4096  # of one tuple


class MalformedError(VrrpError):
    """The octets are no value of the type."""


class _Codec(NamedTuple):
    write: Callable[[Any], bytes]
    read: Callable[["_Octets"], Any]
    has: Callable[[object], bool]  # whether a value is of the type, for unions


class _Octets:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, number: int) -> bytes:
        taken = self._octets[self._at : self._at + number]
        if len(taken) != number:
            raise MalformedError("the octets end too early")
        self._at += number
        return taken

    def take_counted(self) -> bytes:
        (length,) = _LENGTH.unpack(self.take(_LENGTH.size))
        return self.take(length)

    def left(self) -> int:
        return len(self._octets) - self._at


def encode(kind: Any, value: object) -> bytes:  # noqa: ANN401 - a union has no type of its own
    """Return the octets of *value*, which is of the type *kind*."""
    return _codec(kind).write(value)


def decode(kind: Any, octets: bytes) -> Any:  # noqa: ANN401 - the same
    """Return the value of the type *kind*. Raise MalformedError if the octets are none."""
    source = _Octets(octets)
    value = _codec(kind).read(source)
    if source.left():
        raise MalformedError("there are octets after the value")
    return value


@cache
def _codec(kind: Any) -> _Codec:  # noqa: ANN401 - the same
    kind = getattr(kind, "__supertype__", kind)  # of a NewType
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if get_origin(kind) in {Union, UnionType}:
        return _union(tuple(get_args(kind)))
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    raise TypeError(f"no way to write {kind}")


def _simple(kind: type, write: Callable[[Any], bytes], read: Callable[[_Octets], Any]) -> _Codec:
    return _Codec(write, read, lambda value: type(value) is kind)


def _counted(octets: bytes) -> bytes:
    return _LENGTH.pack(len(octets)) + octets


def _text(source: _Octets) -> str:
    try:
        return source.take_counted().decode("utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise MalformedError("text that is not UTF-8") from error


def _written(text: str) -> bytes:
    return _counted(text.encode("utf-8", "surrogateescape"))


def _truth(source: _Octets) -> bool:
    octet = source.take(1)
    if octet not in {b"\0", b"\1"}:
        raise MalformedError("neither true nor false")
    return octet == b"\1"


def _ipv6(source: _Octets) -> IPv6Address:
    try:
        return IPv6Address(_text(source))
    except ValueError as error:
        raise MalformedError("no IPv6 address") from error


def _number(source: _Octets) -> int:
    (number,) = _INT.unpack(source.take(_INT.size))
    return int(number)


_SIMPLE: dict[Any, _Codec] = {
    bool: _simple(bool, lambda value: b"\1" if value else b"\0", _truth),
    int: _simple(int, _INT.pack, _number),
    str: _simple(str, _written, _text),
    bytes: _simple(bytes, _counted, _Octets.take_counted),
    NoneType: _simple(NoneType, lambda _: b"", lambda _: None),
    Path: _simple(PosixPath, lambda path: _written(str(path)), lambda source: Path(_text(source))),
    IPv4Address: _simple(
        IPv4Address, lambda ip: bytes(ip.packed), lambda source: IPv4Address(source.take(4))
    ),
    # As text, because an address may have a zone.
    IPv6Address: _simple(IPv6Address, lambda ip: _written(str(ip)), _ipv6),
}


def _union(kinds: tuple[Any, ...]) -> _Codec:
    members = [_codec(kind) for kind in kinds]

    def write(value: object) -> bytes:
        number = next(n for n, member in enumerate(members) if member.has(value))
        return bytes([number]) + members[number].write(value)

    def read(source: _Octets) -> object:
        number = source.take(1)[0]
        if number >= len(members):
            raise MalformedError("no such member of a union")
        return members[number].read(source)

    return _Codec(write, read, lambda value: any(member.has(value) for member in members))


def _tuple(kinds: tuple[Any, ...]) -> _Codec:
    if len(kinds) == 2 and kinds[1] is Ellipsis:  # noqa: PLR2004 - tuple[int, ...]
        item = _codec(kinds[0])

        def write_all(values: tuple[object, ...]) -> bytes:
            return _LENGTH.pack(len(values)) + b"".join(map(item.write, values))

        def read_all(source: _Octets) -> tuple[object, ...]:
            (number,) = _LENGTH.unpack(source.take(_LENGTH.size))
            if number > _MOST_ITEMS:
                raise MalformedError("too many items")
            return tuple(item.read(source) for _ in range(number))

        return _simple(tuple, write_all, read_all)
    items = [_codec(kind) for kind in kinds]
    return _simple(
        tuple,
        lambda values: b"".join(one.write(value) for one, value in zip(items, values, strict=True)),
        lambda source: tuple(one.read(source) for one in items),
    )


def _dataclass(kind: type) -> _Codec:
    hints = get_type_hints(kind)
    fields = [(field.name, _codec(hints[field.name])) for field in dataclasses.fields(kind)]

    def write(value: object) -> bytes:
        return b"".join(member.write(getattr(value, name)) for name, member in fields)

    def read(source: _Octets) -> object:
        return kind(*(member.read(source) for _, member in fields))

    return _simple(kind, write, read)
