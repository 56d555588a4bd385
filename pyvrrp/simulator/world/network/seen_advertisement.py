"""The fields of a valid advertisement, read without the decoder under test."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Address, Family, Version
from pyvrrp.units import CENTISECOND, SECOND

IPV4_OCTETS, IPV6_OCTETS = 20, 40  # of the IP header


@dataclass(frozen=True, slots=True)
class SeenAdvertisement:
    """What an advertisement says; *interval* is in nanoseconds."""

    sender: Address
    family: Family
    vrid: int
    key: int  # `router_key` of the virtual router that it is for
    priority: int
    interval: int


def router_key(family: Family, vrid: int) -> int:
    """Return a number that identifies a virtual router on its interface."""
    return vrid if family is Family.IPV4 else 256 + vrid


@lru_cache(maxsize=4096)
def seen_in(packet: bytes) -> SeenAdvertisement:
    """Return the fields of a packet that is known to be valid."""
    if packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4
        sender: Address = IPv4Address(packet[12:16])
        family, message = Family.IPV4, packet[IPV4_OCTETS:]
    else:
        sender = IPv6Address(packet[8:24])
        family, message = Family.IPV6, packet[IPV6_OCTETS:]
    version = message[0] >> 4
    field = int.from_bytes(message[4:6])
    interval = (field & 0xFF) * SECOND if version == Version.V2 else (field & 0xFFF) * CENTISECOND
    key = router_key(family, message[1])
    return SeenAdvertisement(sender, family, message[1], key, message[2], interval)
