"""The Internet checksum (RFC 1071), and the part of a packet that it covers in VRRP."""

from enum import StrEnum

from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.layout import VRRP_PROTOCOL, family_of

SIXTEEN_ONES = 0xFFFF


class ChecksumForm(StrEnum):
    """What the checksum of VRRPv3 over IPv4 covers. VRRPv2 and IPv6 have one form only.

    RFC 9568 section 5.2.8 says that the checksum does not cover the pseudo-header. Most
    implementations understood RFC 5798 to include it, and they still send and accept only that
    form.
    """

    MESSAGE_ONLY = "rfc9568"
    PSEUDO_HEADER = "rfc5798"


def internet_checksum(octets: bytes) -> int:
    """Return the Internet checksum of *octets* (RFC 1071).

    An odd number of octets is padded with a zero. The result is 0 if *octets* contain a correct
    checksum.
    """
    number = int.from_bytes(octets) << 8 * (len(octets) % 2)
    # 65536 is 1 modulo 65535, so the remainder is the sum of the 16-bit words with end-around
    # carry. One's complement has two zeros: the sum is 0xFFFF unless all octets are 0.
    total = number % SIXTEEN_ONES or (SIXTEEN_ONES if number else 0)
    return total ^ SIXTEEN_ONES


def pseudo_header(source: Address, destination: Address, protocol: int, length: int) -> bytes:
    """Return octets that have the same sum as the pseudo-header (RFC 8200 section 8.1).

    This holds for both families: in IPv4 the protocol comes before the length and in IPv6 after
    it, but the order does not change the sum.
    """
    return source.packed + destination.packed + length.to_bytes(4) + protocol.to_bytes(4)


def checksum(
    message: bytes, version: Version, source: Address, destination: Address, form: ChecksumForm
) -> int:
    """Return the checksum of a VRRP message; 0 if it contains a correct one.

    It never covers the pseudo-header in VRRPv2 (RFC 3768 section 5.3.8) and always does in VRRPv3
    over IPv6 (RFC 9568 section 5.2.8). *form* decides in VRRPv3 over IPv4.
    """
    if not _covers_pseudo_header(version, family_of(source), form):
        return internet_checksum(message)
    pseudo = pseudo_header(source, destination, VRRP_PROTOCOL, len(message))
    return internet_checksum(pseudo + message)


def _covers_pseudo_header(version: Version, family: Family, form: ChecksumForm) -> bool:
    if version is Version.V2:
        return False
    return family is Family.IPV6 or form is ChecksumForm.PSEUDO_HEADER
