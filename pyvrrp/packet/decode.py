"""Read a VRRP message into an `Advertisement` (RFC 9568 section 5, RFC 3768 section 5)."""

from ipaddress import IPv4Address, IPv6Address

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.layout import (
    ADVERTISEMENT,
    AUTHENTICATION_OCTETS,
    HEADER,
    LARGEST_SECONDS,
    RESERVE_MASK,
    interval_unit,
    message_length,
    versions_of,
)
from pyvrrp.units import Nanoseconds


def decode(message: bytes, family: Family) -> Advertisement:
    """Return the values of a VRRP message.

    Raise MalformedAdvertisementError if the length, the version or the type is wrong; octets
    after the last field make the length wrong. The checksum is not verified, and an interval of 0
    or an empty list of addresses is accepted: `examine` and `admit` check these.
    """
    if len(message) < HEADER.size:
        raise MalformedAdvertisementError(
            f"{len(message)} octets, the header alone takes {HEADER.size}"
        )
    version_type, vrid, priority, count, auth_interval, _checksum = HEADER.unpack_from(message)
    version = _version(version_type >> 4, family)
    if version_type & 0x0F != ADVERTISEMENT:
        raise MalformedAdvertisementError(f"type {version_type & 0x0F}, must be {ADVERTISEMENT}")
    length = message_length(version, count, family)
    if len(message) != length:
        raise MalformedAdvertisementError(
            f"{len(message)} octets, version {version} with {count} addresses takes {length}"
        )
    v2 = version is Version.V2
    return Advertisement(
        version,
        vrid,
        priority,
        Nanoseconds(
            (auth_interval & (LARGEST_SECONDS if v2 else RESERVE_MASK)) * interval_unit(version)
        ),
        read_addresses(message, count, family),
        auth_type=auth_interval >> 8 if v2 else 0,
        auth_data=message[-AUTHENTICATION_OCTETS:] if v2 else b"",
    )


def _version(number: int, family: Family) -> Version:
    for version in versions_of(family):
        if number == version:
            return version
    raise MalformedAdvertisementError(f"there is no version {number} over {family.name}")


def read_addresses(message: bytes, count: int, family: Family) -> tuple[Address, ...]:
    """Return the first *count* addresses after the header. *message* must be long enough."""
    address = IPv4Address if family is Family.IPV4 else IPv6Address
    starts = range(HEADER.size, HEADER.size + count * family, family)
    return tuple(address(message[start : start + family]) for start in starts)
