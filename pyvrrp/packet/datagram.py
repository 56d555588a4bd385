"""The IP packet around a VRRP message (RFC 9568 sections 5.1.1, 5.1.2; RFC 791; RFC 8200)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.checksum import internet_checksum
from pyvrrp.packet.layout import AH_PROTOCOL, TTL, VRRP_PROTOCOL, message_length

NETWORK_CONTROL = 0xC0  # class selector 6, as keepalived and FRR send it
DO_NOT_FRAGMENT = 0x4000
# The identification has no meaning in a packet that is never fragmented (RFC 6864). But for a 0
# the kernel fills in a new number each time, and then no two packets are equal: the receiver
# examines each of them again instead of finding it in its cache.
UNICAST_IDENTIFICATION = 1
MORE_FRAGMENTS_AND_OFFSET = 0x3FFF
WORD = 4
AH_FIXED = 12  # octets of an authentication header before its check value (RFC 4302)

IPV4_HEADER = struct.Struct("!BBHHHBBH4s4s")
IPV6_HEADER = struct.Struct("!IHBB16s16s")


@dataclass(frozen=True, slots=True)
class Datagram:
    """One IP packet that carries a VRRP message, the *payload*. *ttl* is the hop limit in IPv6.

    *has_ah*: an authentication header of IPsec (RFC 4302) stands before the message. Nothing in it
    was verified.
    """

    family: Family
    source: Address
    destination: Address
    ttl: int
    payload: bytes
    has_ah: bool = False


def advertisement_octets(version: Version, family: Family, count: int) -> int:
    """Return the length of the IP packet of an advertisement with *count* addresses."""
    header = IPV4_HEADER if family is Family.IPV4 else IPV6_HEADER
    return header.size + message_length(version, count, family)


def parse_datagram(packet: bytes, family: Family) -> Datagram:
    """Read an IP packet of *family* that begins with its IP header.

    Octets after the length that the header gives are padding and are ignored. IPv4 options are
    skipped, and so is an authentication header (AH) in IPv4. Raise MalformedAdvertisementError if
    the packet is not complete, is a fragment, has another protocol than 112 or has IPv6 extension
    headers.
    """
    if family is Family.IPV4:
        return _parse_ipv4(packet)
    return _parse_ipv6(packet)


def build_datagram(
    message: bytes, source: Address, destination: Address, *, ttl: int = TTL
) -> bytes:
    """Return *message* in an IP packet of protocol 112 with the traffic class network control.

    Raise MalformedAdvertisementError if *source* and *destination* differ in family.
    """
    if isinstance(source, IPv4Address) and isinstance(destination, IPv4Address):
        return _ipv4_header(len(message), source, destination, ttl) + message
    if isinstance(source, IPv6Address) and isinstance(destination, IPv6Address):
        return ipv6_header(len(message), VRRP_PROTOCOL, source, destination, ttl) + message
    raise MalformedAdvertisementError(f"{source} cannot send to {destination}: other family")


def ipv6_header(
    length: int,
    next_header: int,
    source: IPv6Address,
    destination: IPv6Address,
    hop_limit: int,
    traffic_class: int = NETWORK_CONTROL,
) -> bytes:
    """Return an IPv6 header for a payload of *length* octets. The flow label is 0."""
    return IPV6_HEADER.pack(
        6 << 28 | traffic_class << 20,
        length,
        next_header,
        hop_limit,
        source.packed,
        destination.packed,
    )


def _ipv4_header(length: int, source: IPv4Address, destination: IPv4Address, ttl: int) -> bytes:
    header = IPV4_HEADER.pack(
        4 << 4 | IPV4_HEADER.size // WORD,
        NETWORK_CONTROL,
        IPV4_HEADER.size + length,
        0 if destination.is_multicast else UNICAST_IDENTIFICATION,
        DO_NOT_FRAGMENT,
        ttl,
        VRRP_PROTOCOL,
        0,
        source.packed,
        destination.packed,
    )
    return header[:10] + internet_checksum(header).to_bytes(2) + header[12:]


def _parse_ipv4(packet: bytes) -> Datagram:
    _require(len(packet) >= IPV4_HEADER.size, "%d octets, an IPv4 header takes 20", len(packet))
    (
        version_length,
        _tos,
        total_length,
        _identification,
        fragment,
        ttl,
        protocol,
        _checksum,
        source,
        destination,
    ) = IPV4_HEADER.unpack_from(packet)
    header_length = (version_length & 0x0F) * WORD
    _require(version_length >> 4 == 4, "IP version %d, must be 4", version_length >> 4)  # noqa: PLR2004 - IPv4
    _require(
        IPV4_HEADER.size <= header_length <= total_length,
        "IPv4 header of %d octets in a packet of %d",
        header_length,
        total_length,
    )
    _require(total_length <= len(packet), "%d octets of a packet of %d", len(packet), total_length)
    _require(internet_checksum(packet[:header_length]) == 0, "the IPv4 header checksum is wrong")
    _require(not fragment & MORE_FRAGMENTS_AND_OFFSET, "the packet is a fragment")
    payload = packet[header_length:total_length]
    has_ah = protocol == AH_PROTOCOL
    if has_ah:
        protocol, payload = _without_ah(payload)
    _require(protocol == VRRP_PROTOCOL, "IP protocol %d, must be 112", protocol)
    ends = IPv4Address(source), IPv4Address(destination)
    return Datagram(Family.IPV4, *ends, ttl, payload, has_ah)


def _without_ah(payload: bytes) -> tuple[int, bytes]:
    """Return the protocol after an authentication header, and what follows it."""
    _require(len(payload) >= AH_FIXED, "%d octets, an AH takes 12 or more", len(payload))
    length = (payload[1] + 2) * WORD
    _require(AH_FIXED <= length <= len(payload), "AH of %d octets in %d", length, len(payload))
    return payload[0], payload[length:]


def _parse_ipv6(packet: bytes) -> Datagram:
    _require(len(packet) >= IPV6_HEADER.size, "%d octets, an IPv6 header takes 40", len(packet))
    first_word, length, next_header, hop_limit, source, destination = IPV6_HEADER.unpack_from(
        packet
    )
    _require(first_word >> 28 == 6, "IP version %d, must be 6", first_word >> 28)  # noqa: PLR2004 - IPv6
    total_length = IPV6_HEADER.size + length
    _require(total_length <= len(packet), "%d octets of a packet of %d", len(packet), total_length)
    _require(next_header == VRRP_PROTOCOL, "next header %d, must be 112", next_header)
    payload = packet[IPV6_HEADER.size : total_length]
    return Datagram(Family.IPV6, IPv6Address(source), IPv6Address(destination), hop_limit, payload)


def _require(condition: bool, what: str, *numbers: int) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise MalformedAdvertisementError(what % numbers)
