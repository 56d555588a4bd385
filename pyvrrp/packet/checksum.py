"""The Internet checksum (RFC 1071) and what of a packet it covers in VRRP."""

from enum import StrEnum

from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.layout import VRRP_PROTOCOL, family_of

ONES = 0xFFFF


class ChecksumForm(StrEnum):
    """What the checksum of VRRPv3 over IPv4 covers; everywhere else there is one form only.

    RFC 9568 section 5.2.8 leaves the pseudo-header out. RFC 5798 was widely read as putting it
    in, and most of the installed base sends and believes nothing else.
    """

    MESSAGE_ONLY = "rfc9568"
    PSEUDO_HEADER = "rfc5798"


def internet_checksum(octets: bytes) -> int:
    """Return the checksum of *octets* (an odd one is padded with zero); RFC 1071.

    Over octets that already contain a right checksum the result is 0.
    """
    number = int.from_bytes(octets) << 8 * (len(octets) % 2)
    # 65536 is 1 modulo 65535, so the remainder is the sum of the 16-bit words with end-around
    # carry. Only where it is 0 must the two zeros of one's complement be told apart.
    total = number % ONES or (ONES if number else 0)
    return total ^ ONES


def pseudo_header(source: Address, destination: Address, protocol: int, length: int) -> bytes:
    """Return octets that sum up like the pseudo-header of either family (RFC 8200 section 8.1).

    IPv4 has the protocol before the length and IPv6 after it; the sum does not see the order.
    """
    return source.packed + destination.packed + length.to_bytes(4) + protocol.to_bytes(4)


def checksum(
    message: bytes, version: Version, source: Address, destination: Address, form: ChecksumForm
) -> int:
    """Return the checksum of *message*; 0 when it already carries a right one.

    VRRPv2 never covers the pseudo-header (RFC 3768 section 5.3.8), VRRPv3 over IPv6 always
    does (RFC 9568 section 5.2.8); *form* decides for VRRPv3 over IPv4 alone.
    """
    if not _covers_pseudo_header(version, family_of(source), form):
        return internet_checksum(message)
    pseudo = pseudo_header(source, destination, VRRP_PROTOCOL, len(message))
    return internet_checksum(pseudo + message)


def _covers_pseudo_header(version: Version, family: Family, form: ChecksumForm) -> bool:
    if version is Version.V2:
        return False
    return family is Family.IPV6 or form is ChecksumForm.PSEUDO_HEADER
