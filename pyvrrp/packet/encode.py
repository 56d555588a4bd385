"""Write an `Advertisement` as a VRRP message (RFC 9568 section 5, RFC 3768 section 5)."""

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Address, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm, checksum
from pyvrrp.packet.layout import (
    ADVERTISEMENT,
    AUTHENTICATION_OCTETS,
    CHECKSUM_AT,
    HEADER,
    LARGEST_SECONDS,
    RESERVE_MASK,
    family_of,
    interval_unit,
    versions_of,
)

OCTET = 0xFF


def encode(
    advertisement: Advertisement, source: Address, destination: Address, form: ChecksumForm
) -> bytes:
    """Return the VRRP message with its checksum. *form* is used in VRRPv3 over IPv4 only.

    Raise MalformedAdvertisementError for values that the format cannot express. They are not
    rounded or cut, because then the peers would be told something else than what this node does.
    """
    _require_encodable(advertisement, source, destination)
    version = advertisement.version
    header = HEADER.pack(
        version << 4 | ADVERTISEMENT,
        advertisement.vrid,
        advertisement.priority,
        len(advertisement.addresses),
        advertisement.auth_type << 8 | advertisement.interval // interval_unit(version),
        0,
    )
    message = b"".join((header, *(a.packed for a in advertisement.addresses)))
    if version is Version.V2:
        message += advertisement.auth_data.ljust(AUTHENTICATION_OCTETS, b"\0")
    found = checksum(message, version, source, destination, form)
    return message[:CHECKSUM_AT] + found.to_bytes(2) + message[CHECKSUM_AT + 2 :]


def _require_encodable(advertisement: Advertisement, source: Address, destination: Address) -> None:
    family = family_of(source)
    if any(family_of(a) is not family for a in (destination, *advertisement.addresses)):
        raise MalformedAdvertisementError("addresses of both families in one advertisement")
    if advertisement.version not in versions_of(family):
        raise MalformedAdvertisementError("VRRPv2 over IPv6 does not exist")
    for name, number in (
        ("VRID", advertisement.vrid),
        ("priority", advertisement.priority),
        ("number of addresses", len(advertisement.addresses)),
        ("authentication type", advertisement.auth_type),
    ):
        if not 0 <= number <= OCTET:
            raise MalformedAdvertisementError(f"{name} {number} does not fit into an octet")
    _require_interval(advertisement)
    _require_authentication(advertisement)


def _require_interval(advertisement: Advertisement) -> None:
    unit = interval_unit(advertisement.version)
    largest = LARGEST_SECONDS if advertisement.version is Version.V2 else RESERVE_MASK
    count, rest = divmod(advertisement.interval, unit)
    if rest or not 0 <= count <= largest:
        raise MalformedAdvertisementError(
            f"interval {advertisement.interval} ns is not 0 to {largest} times {unit} ns"
        )


def _require_authentication(advertisement: Advertisement) -> None:
    if advertisement.version is Version.V3 and (advertisement.auth_type or advertisement.auth_data):
        raise MalformedAdvertisementError("VRRPv3 has no authentication")
    if len(advertisement.auth_data) > AUTHENTICATION_OCTETS:
        raise MalformedAdvertisementError("authentication data is longer than 8 octets")
