"""The receive checks of RFC 9568 section 7.1 (with its errata) and RFC 3768 section 7.1.

There are two parts. `examine` makes the checks that depend on the packet alone, and keeps its
results: for an unchanged advertisement it finds the result in its cache. Then the caller looks
for the virtual router with this VRID. `admit` makes the checks that depend on the configuration
of this virtual router.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address

from pyvrrp.identity import OWNER_PRIORITY, Address, Version, some_of
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.examination import (
    Discarded,
    DiscardReason,
    Examined,
    FailedCheck,
    examine,
    ttl_failure,
)
from pyvrrp.packet.layout import AUTHENTICATION_OCTETS, TTL, family_of, group_of
from pyvrrp.packet.other_senders import authentication_name
from pyvrrp.units import Nanoseconds, in_words

__all__ = [
    "Accepted",
    "DiscardReason",
    "Discarded",
    "Examined",
    "Expectation",
    "Mismatch",
    "admit",
    "examine",
]

NO_AUTHENTICATION = 0
SIMPLE_TEXT_PASSWORD = 1

# The sender is a router of this VRID all the same, only configured otherwise.
_DIFFERS = frozenset(
    {
        *(DiscardReason.VERSION, DiscardReason.CHECKSUM, DiscardReason.INTERVAL),
        *(DiscardReason.INVALID_AUTH_TYPE, DiscardReason.AUTH_TYPE_MISMATCH),
        *(DiscardReason.AUTH_FAILURE, DiscardReason.ADDRESS_LIST, DiscardReason.FIRST_ADDRESS),
        *(DiscardReason.DESTINATION, DiscardReason.UNKNOWN_PEER),
    }
)


class Mismatch(StrEnum):
    """A difference between an accepted advertisement and the configuration of this node.

    The value is the name of the counter.
    """

    OWNER = "owner_conflicts"
    FIRST_ADDRESS = "first_address_errors"
    INTERVAL = "interval_errors"
    ADDRESS_LIST = "address_list_errors"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the advertisements for one virtual router must be like.

    *checksum* holds the forms that are accepted. If *strict*, a difference that the RFCs say to
    discard is discarded; otherwise it is counted and accepted. *authentication* is the password
    of VRRPv2, empty for authentication type 0. If *peers* is empty, advertisements come by
    multicast and from any node. Otherwise they come by unicast, from one of *peers* and with a
    TTL of at least *min_ttl*.
    """

    version: Version
    primary_address: Address
    addresses: tuple[Address, ...]
    interval: Nanoseconds
    owner: bool = False
    checksum: frozenset[ChecksumForm] = frozenset(ChecksumForm)
    strict: bool = False
    authentication: bytes = field(default=b"", repr=False)
    peers: frozenset[Address] = frozenset()
    min_ttl: int = TTL


@dataclass(frozen=True, slots=True)
class Accepted:
    """An advertisement for the election. The caller counts and reports its *mismatches*."""

    advertisement: Advertisement
    source: Address
    mismatches: tuple[Mismatch, ...]
    checksum_forms: frozenset[ChecksumForm]


def admit(examined: Examined, expectation: Expectation) -> Accepted | Discarded:
    """Check an advertisement against the configuration of the virtual router with its VRID."""
    failure = _path_failure(examined, expectation) or _configured_failure(examined, expectation)
    if failure is None and expectation.version is Version.V2:
        failure = _v2_failure(examined.advertisement, expectation)
    elif failure is None and expectation.addresses and not examined.advertisement.addresses:
        # Routers that take part in the election only advertise none (RFC 9568 demands one).
        failure = DiscardReason.ADDRESS_COUNT, "no address, must be 1 or more"
    if failure is not None:
        return _refused(examined, expectation, failure)
    return Accepted(
        examined.advertisement,
        examined.source,
        _mismatches(examined.advertisement, expectation),
        examined.checksum_forms,
    )


def _refused(examined: Examined, expectation: Expectation, failure: FailedCheck) -> Discarded:
    reason, detail = failure
    heard, source = examined.advertisement, examined.source
    is_own = source == expectation.primary_address
    # No router advertises without a pause, so an interval of 0 is damage.
    proves_life = reason in _DIFFERS and examined.ttl == TTL and not is_own and heard.interval > 0
    neighbour = heard if proves_life else None
    return Discarded(reason, detail, heard.vrid, source, after_vrid=True, neighbour=neighbour)


def _path_failure(examined: Examined, expectation: Expectation) -> FailedCheck | None:
    """Return what is wrong with the destination, the TTL or the source; None: nothing."""
    found, source = examined.destination, examined.source
    family = family_of(found)
    if not expectation.peers:
        if found == (group := group_of(family)):
            return None
        return DiscardReason.DESTINATION, f"sent to {found}, must be sent to {group}: no peers here"
    if found.is_multicast:
        detail = f"sent to the group {found}, must be sent to this host alone: peers are configured"
        return DiscardReason.DESTINATION, detail
    if failure := ttl_failure(examined.ttl, family, expectation.min_ttl):
        return failure
    if source not in expectation.peers and source != expectation.primary_address:
        detail = f"{source} is not among the peers: add it, unless NAT has put it there"
        return DiscardReason.UNKNOWN_PEER, detail
    return None


def _configured_failure(examined: Examined, expectation: Expectation) -> FailedCheck | None:
    """Return what is wrong according to the configuration, in both versions; None: nothing."""
    version, accepted_forms = examined.advertisement.version, expectation.checksum
    if version is not expectation.version:
        return DiscardReason.VERSION, f"version {version}, must be {expectation.version}"
    if examined.checksum_forms and examined.checksum_forms.isdisjoint(accepted_forms):
        found, allowed = (" or ".join(sorted(f)) for f in (examined.checksum_forms, accepted_forms))
        return DiscardReason.CHECKSUM, f"checksum of the form {found}, must be {allowed}"
    # The source may be a virtual address: an owner that comes back sends from one of them.
    if examined.source == expectation.primary_address:
        return DiscardReason.OWN_ADVERTISEMENT, f"sent from our own address {examined.source}"
    if expectation.strict and _differs_in_first_address(examined.advertisement, expectation):
        first = examined.advertisement.addresses[0]
        return DiscardReason.FIRST_ADDRESS, f"first address {first}, must be in fe80::/10"
    return None


def _v2_failure(advertisement: Advertisement, expectation: Expectation) -> FailedCheck | None:
    if expectation.owner:
        detail = "this node owns the addresses (priority 255) and follows no other node"
        return DiscardReason.OWNER, detail
    return (
        _authentication_failure(advertisement, expectation)
        or _strict_list_failure(advertisement, expectation)
        or _v2_interval_failure(advertisement, expectation)
    )


def _authentication_failure(
    advertisement: Advertisement, expectation: Expectation
) -> FailedCheck | None:
    found = advertisement.auth_type
    if found not in (NO_AUTHENTICATION, SIMPLE_TEXT_PASSWORD):
        detail = f"authentication type {authentication_name(found)}, must be 0 or 1"
        return DiscardReason.INVALID_AUTH_TYPE, detail
    wanted = SIMPLE_TEXT_PASSWORD if expectation.authentication else NO_AUTHENTICATION
    if found != wanted:
        detail = f"authentication type {found}, must be {wanted}"
        return DiscardReason.AUTH_TYPE_MISMATCH, detail
    password = expectation.authentication.ljust(AUTHENTICATION_OCTETS, b"\0")
    if wanted == SIMPLE_TEXT_PASSWORD and advertisement.auth_data != password:
        return DiscardReason.AUTH_FAILURE, "the password differs from ours"
    return None


def _strict_list_failure(
    advertisement: Advertisement, expectation: Expectation
) -> FailedCheck | None:
    dropped = expectation.strict and advertisement.priority != OWNER_PRIORITY
    if not dropped or _lists_same_addresses(advertisement, expectation):
        return None
    found, wanted = (
        some_of(listed) or "none" for listed in (advertisement.addresses, expectation.addresses)
    )
    return DiscardReason.ADDRESS_LIST, f"addresses {found}, must be {wanted}"


def _v2_interval_failure(
    advertisement: Advertisement, expectation: Expectation
) -> FailedCheck | None:
    differs = advertisement.interval != expectation.interval
    # An interval of 0 is never accepted: no node can keep it, and no timer can run with it.
    if not advertisement.interval or (expectation.strict and differs):
        found, wanted = in_words(advertisement.interval), in_words(expectation.interval)
        return DiscardReason.INTERVAL, f"interval {found}, must be {wanted}"
    return None


def _mismatches(advertisement: Advertisement, expectation: Expectation) -> tuple[Mismatch, ...]:
    owner_too = expectation.owner
    interval_differs = advertisement.interval != expectation.interval
    if not owner_too and not interval_differs and advertisement.addresses == expectation.addresses:
        return ()
    found = (
        (Mismatch.OWNER, owner_too),
        (Mismatch.FIRST_ADDRESS, _differs_in_first_address(advertisement, expectation)),
        (Mismatch.INTERVAL, interval_differs),
        (Mismatch.ADDRESS_LIST, not _lists_same_addresses(advertisement, expectation)),
    )
    return tuple(mismatch for mismatch, is_so in found if is_so)


def _differs_in_first_address(advertisement: Advertisement, expectation: Expectation) -> bool:
    """Return whether it begins with a global IPv6 address, and ours with a link-local one.

    RFC 9568 section 5.2.9 demands a link-local one. keepalived sends what its file lists first.
    """
    return _begins_globally(advertisement.addresses) and not _begins_globally(expectation.addresses)


def _begins_globally(addresses: tuple[Address, ...]) -> bool:
    first = addresses[0] if addresses else None
    return isinstance(first, IPv6Address) and not first.is_link_local


def _lists_same_addresses(advertisement: Advertisement, expectation: Expectation) -> bool:
    return set(advertisement.addresses) == set(expectation.addresses)
