"""The receive checks that depend on the packet alone, in the order of the RFCs.

VRRPv3: RFC 9568 section 7.1 with errata 8299, 8300 and 8301. VRRPv2: RFC 3768 section 7.1.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm, checksum
from pyvrrp.packet.datagram import Datagram, parse_datagram
from pyvrrp.packet.decode import decode
from pyvrrp.packet.layout import (
    ADVERTISEMENT,
    CHECKSUM_AT,
    HEADER,
    TTL,
    message_length,
    versions_of,
)
from pyvrrp.packet.other_senders import (
    authentication_name,
    is_carp,
    is_from_this_link,
    with_longer_authentication,
)

# At most so many results are kept, and only for packets of at most so many octets. An attacker who
# sends many different packets fills no more memory than that: 0.4 MB, as each address takes 90
# octets. 256 octets hold 57 IPv4 addresses or 13 IPv6 addresses.
LARGEST_REMEMBERED = 256
REMEMBERED = 64


class DiscardReason(StrEnum):
    """Why an advertisement was discarded. The value is the name of the counter (RFC 8347)."""

    MALFORMED = "malformed_datagrams"
    TTL = "ip_ttl_errors"
    VERSION = "version_errors"
    TYPE = "invalid_type_pkts_rcvd"
    LENGTH = "packet_length_errors"
    CHECKSUM = "checksum_errors"
    VRID = "vrid_errors"
    DESTINATION = "destination_errors"
    UNKNOWN_PEER = "unknown_peers"
    ADDRESS_COUNT = "address_count_errors"
    INTERVAL = "interval_errors"
    FIRST_ADDRESS = "first_address_errors"
    OWN_ADVERTISEMENT = "own_advertisements"
    OWNER = "owner_discards"
    INVALID_AUTH_TYPE = "invalid_auth_type"
    AUTH_TYPE_MISMATCH = "auth_type_mismatch"
    AUTH_FAILURE = "auth_failures"
    ADDRESS_LIST = "address_list_errors"


@dataclass(frozen=True, slots=True)
class Discarded:
    """A packet that was discarded. It changes one counter and no state.

    *detail* says in words what is wrong. *vrid* and *source* are None if the packet is too short
    to contain them. *after_vrid* is true if the RFC puts the failed check after the look-up of
    the VRID: if no virtual router has this VRID, the packet counts as `DiscardReason.VRID`.
    *neighbour* is what it says if it is sound, comes from this link and only differs from what
    this node expects: then it proves that its sender lives.
    """

    reason: DiscardReason
    detail: str
    vrid: int | None = None
    source: Address | None = None
    after_vrid: bool = False
    neighbour: Advertisement | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """An advertisement that passed all checks of `examine`.

    *checksum_forms* is used in VRRPv3 over IPv4: it holds the forms in which the checksum is
    correct (with rare addresses both). Where only one form exists it is empty. *ttl* is 255 if
    the packet was sent to the multicast group. In a unicast packet it can be lower; `admit`
    checks it.
    """

    source: Address
    destination: Address
    advertisement: Advertisement
    checksum_forms: frozenset[ChecksumForm]
    ttl: int = TTL


FailedCheck: TypeAlias = tuple[DiscardReason, str]


def examine(packet: bytes, family: Family) -> Examined | Discarded:
    """Check an IP packet, without the configuration of a virtual router. Never raises.

    Padding after the packet is ignored. The result for a packet of at most 256 octets is kept
    and found again when an equal packet arrives.
    """
    if len(packet) > LARGEST_REMEMBERED:
        return _examine(packet, family)
    return _examine_remembered(packet, family)


def _examine(packet: bytes, family: Family) -> Examined | Discarded:
    try:
        datagram = parse_datagram(packet, family)
    except MalformedAdvertisementError as error:
        return Discarded(DiscardReason.MALFORMED, str(error))
    message, source = datagram.payload, datagram.source
    if len(message) < HEADER.size:
        detail = f"{len(message)} octets, the header alone takes {HEADER.size}"
        return Discarded(DiscardReason.LENGTH, detail, source=source)
    failure = _layout_failure(datagram)
    if failure is not None:
        if other := _of_another_sender(datagram, failure):
            return other
    else:
        forms = _right_forms(datagram)
        if forms and datagram.has_ah:
            return _with_ah(datagram)
        if forms:
            return _examine_contents(datagram, forms)
        failure = DiscardReason.CHECKSUM, _checksum_detail(datagram)
    return Discarded(*failure, message[1], source)


_examine_remembered = lru_cache(maxsize=REMEMBERED)(_examine)


def _layout_failure(datagram: Datagram) -> FailedCheck | None:
    message, family = datagram.payload, datagram.family
    if datagram.destination.is_multicast and (failure := ttl_failure(datagram.ttl, family, TTL)):
        return failure
    version = message[0] >> 4
    if version not in versions_of(family):
        allowed = " or ".join(str(int(known)) for known in versions_of(family))
        return DiscardReason.VERSION, f"version {version}, must be {allowed}"
    # RFC 9568 checks the type at this point. RFC 3768 does not say when to check it.
    if version == Version.V3 and (failure := _type_failure(message)):
        return failure
    count = message[3]
    length = message_length(Version(version), count, family)
    if len(message) == length:
        return None
    detail = f"{len(message)} octets, version {version} with {count} addresses takes {length}"
    return DiscardReason.LENGTH, detail


def ttl_failure(found: int, family: Family, lowest: int) -> FailedCheck | None:
    """Return None if the TTL or hop limit *found* is at least *lowest*, else what is wrong."""
    if found >= lowest:
        return None
    name = "TTL" if family is Family.IPV4 else "hop limit"
    allowed = lowest if lowest == TTL else f"{lowest} to {TTL}"
    why = "a router or NAT has forwarded it, or its sender does not send VRRP"
    return DiscardReason.TTL, f"{name} {found}, must be {allowed}: {why}"


def _type_failure(message: bytes) -> FailedCheck | None:
    if (found := message[0] & 0x0F) == ADVERTISEMENT:
        return None
    return DiscardReason.TYPE, f"type {found}, must be {ADVERTISEMENT}"


def _right_forms(datagram: Datagram) -> frozenset[ChecksumForm]:
    message = datagram.payload
    return frozenset(form for form in ChecksumForm if _checksum(datagram, message, form) == 0)


def _checksum(datagram: Datagram, message: bytes, form: ChecksumForm) -> int:
    version = Version(message[0] >> 4)
    return checksum(message, version, datagram.source, datagram.destination, form)


def _checksum_detail(datagram: Datagram) -> str:
    message = datagram.payload
    blank = message[:CHECKSUM_AT] + bytes(2) + message[CHECKSUM_AT + 2 :]
    right = {form: f"{_checksum(datagram, blank, form):#06x}" for form in ChecksumForm}
    found = int.from_bytes(message[CHECKSUM_AT : CHECKSUM_AT + 2])
    if len(set(right.values())) == 1:
        return f"checksum {found:#06x}, must be {right[ChecksumForm.MESSAGE_ONLY]}"
    allowed = " or ".join(f"{text} ({form})" for form, text in right.items())
    return f"checksum {found:#06x}, must be {allowed}"


def _examine_contents(datagram: Datagram, forms: frozenset[ChecksumForm]) -> Examined | Discarded:
    source, vrid = datagram.source, datagram.payload[1]
    failure = _type_failure(datagram.payload)
    if failure is None:
        advertisement = decode(datagram.payload, datagram.family)
        failure = _contents_failure(advertisement)
        if failure is None:
            two_forms = advertisement.version is Version.V3 and datagram.family is Family.IPV4
            return Examined(
                source,
                datagram.destination,
                advertisement,
                forms if two_forms else frozenset(),
                datagram.ttl,
            )
    return Discarded(*failure, vrid, source, after_vrid=True)


def _contents_failure(advertisement: Advertisement) -> FailedCheck | None:
    if advertisement.version is Version.V2:
        return None
    if not advertisement.interval:
        return DiscardReason.INTERVAL, "interval 0, must be 1 to 4095 centiseconds"
    return None


def _of_another_sender(datagram: Datagram, failure: FailedCheck) -> Discarded | None:
    """Return what is wrong with a message whose length fits another protocol or authentication."""
    if failure[0] is not DiscardReason.LENGTH:
        return None
    message, source = datagram.payload, datagram.source
    if is_carp(datagram):
        detail = f"CARP uses number {message[1]} here too, and CARP is not VRRP"
        return Discarded(DiscardReason.LENGTH, detail, message[1], source)
    neighbour = with_longer_authentication(datagram)
    if neighbour is None:
        return None
    detail = f"authentication type {authentication_name(neighbour.auth_type)}, must be 0 or 1"
    reason = DiscardReason.INVALID_AUTH_TYPE
    return Discarded(reason, detail, message[1], source, after_vrid=True, neighbour=neighbour)


def _with_ah(datagram: Datagram) -> Discarded:
    message = datagram.payload
    if failure := _type_failure(message):
        return Discarded(*failure, message[1], datagram.source, after_vrid=True)
    return Discarded(
        DiscardReason.INVALID_AUTH_TYPE,
        f"authentication type {authentication_name(2)}, must be 0 or 1",
        message[1],
        datagram.source,
        after_vrid=True,
        neighbour=decode(message, datagram.family) if is_from_this_link(datagram) else None,
    )
