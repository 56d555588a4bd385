"""Packets that are almost valid: real advertisements with one thing wrong."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from random import Random

from pyvrrp.identity import Address, Version
from pyvrrp.packet.checksum import internet_checksum, pseudo_header
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.layout import VRRP_PROTOCOL

_CHECKSUM = slice(6, 8)
_HEADER = 8
_VERSION, _TYPE_MASK, _PRIORITY, _COUNT = 0, 0xF0, 2, 3


def mutate(packet: bytes, name: str, random: Random) -> bytes:
    """Return *packet*, made invalid by the mutation of that *name*."""
    source, destination, message = _split(packet)
    return MUTATIONS[name](source, destination, message, random)


def _split(packet: bytes) -> tuple[Address, Address, bytes]:
    if packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4
        return IPv4Address(packet[12:16]), IPv4Address(packet[16:20]), packet[20:]
    return IPv6Address(packet[8:24]), IPv6Address(packet[24:40]), packet[40:]


def _summed(source: Address, destination: Address, message: bytes) -> bytes:
    """Return *message* with a correct checksum."""
    blank = message[:6] + bytes(2) + message[8:]
    covered = blank
    if message[_VERSION] >> 4 != Version.V2:
        covered = pseudo_header(source, destination, VRRP_PROTOCOL, len(blank)) + blank
    return blank[:6] + internet_checksum(covered).to_bytes(2) + blank[8:]


def _with(message: bytes, at: int, octets: bytes) -> bytes:
    return message[:at] + octets + message[at + len(octets) :]


def _ttl(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    return build_datagram(message, source, destination, ttl=random.choice((0, 1, 64, 254)))


def _checksum(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    # Neither of the two checksums that receivers accept.
    right = {internet_checksum(message[:6] + bytes(2) + message[8:])}
    right.add(int.from_bytes(_summed(source, destination, message)[_CHECKSUM]))
    wrong = random.randrange(1, 0xFFFF)
    while wrong in right or 0xFFFF - wrong in right:
        wrong += 1
    bad = _with(_with(message, _PRIORITY, b"\xff"), 6, wrong.to_bytes(2))
    total = internet_checksum(bad)
    pseudo = internet_checksum(pseudo_header(source, destination, VRRP_PROTOCOL, len(bad)) + bad)
    if 0 in (total, pseudo):
        bad = _with(bad, 6, (wrong ^ 0x0101).to_bytes(2))
    return build_datagram(bad, source, destination)


def _short(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    cut = message[: random.randrange(len(message))]
    if len(cut) > _HEADER:
        cut = _summed(source, destination, cut)
    return build_datagram(cut, source, destination)


def _long(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    longer = message + random.randbytes(random.choice((1, 4, 16)))
    return build_datagram(_summed(source, destination, longer), source, destination)


def _version(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    other = random.choice((0, 1, 4, 5, 15)) << 4 | 1
    changed = _with(message, _VERSION, bytes((other,)))
    return build_datagram(_summed(source, destination, changed), source, destination)


def _type(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    other = message[_VERSION] & _TYPE_MASK | random.choice((0, 2, 3, 15))
    changed = _with(message, _VERSION, bytes((other,)))
    return build_datagram(_summed(source, destination, changed), source, destination)


def _no_interval(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    changed = _with(message, _PRIORITY, bytes((random.choice((1, 255)),)))
    if message[_VERSION] >> 4 == Version.V2:
        changed = _with(changed, 5, b"\0")
    else:
        changed = _with(changed, 4, b"\0\0")
    return build_datagram(_summed(source, destination, changed), source, destination)


def _count(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    right = message[_COUNT]
    wrong = random.choice([n for n in (0, right + 1, right + 20, 255) if n != right])
    changed = _with(message, _COUNT, bytes((wrong,)))
    return build_datagram(_summed(source, destination, changed), source, destination)


def _vrid(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    # Valid in itself, and of another virtual router. Those of scenarios are below 240.
    changed = _with(message, 1, bytes((random.randrange(240, 256),)))
    changed = _with(changed, _PRIORITY, b"\xff")
    return build_datagram(_summed(source, destination, changed), source, destination)


def _noise(source: Address, destination: Address, message: bytes, random: Random) -> bytes:
    octets = random.randbytes(random.randrange(1, 64))
    first = 0x45 if isinstance(source, IPv4Address) else 0x60
    del destination, message
    return bytes((first,)) + octets


MUTATIONS: Mapping[str, Callable[[Address, Address, bytes, Random], bytes]] = {
    "ttl": _ttl,
    "checksum": _checksum,
    "short": _short,
    "long": _long,
    "version": _version,
    "type": _type,
    "interval": _no_interval,
    "count": _count,
    "vrid": _vrid,
    "noise": _noise,
}
