"""Everything a virtual router can ask the outside world to do, as complete values."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from pyvrrp.virtual_router.states import State


class NewMasterReason(StrEnum):
    """Why a router became master (RFC 8347 new-master-reason)."""

    NOT_MASTER = "not-master"
    PRIORITY = "priority"
    PREEMPTED = "preempted"
    NO_RESPONSE = "no-response"


@dataclass(frozen=True, slots=True)
class SendAdvertisement:
    """Multicast one advertisement with this priority."""

    priority: int


@dataclass(frozen=True, slots=True)
class AddAddresses:
    """Put the virtual addresses on the interface, then announce them."""


@dataclass(frozen=True, slots=True)
class RemoveAddresses:
    """Take the virtual addresses off the interface, then report AddressesGone.

    If several are under way, only the last one reports: an older confirmation proves nothing
    about addresses that were added since.
    """


@dataclass(frozen=True, slots=True)
class AnnounceAddresses:
    """Send gratuitous ARP or unsolicited Neighbor Advertisements once more."""


@dataclass(frozen=True, slots=True)
class CeaseAnnouncing:
    """Announce nothing any more: the addresses stay for a moment, but they are the successor's."""


@dataclass(frozen=True, slots=True)
class ReportHandover:
    """Tell people how a planned move stands."""

    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReportTransition:
    """Tell people that the state changed, and why."""

    before: str
    after: str
    reason: str
    new_master_reason: NewMasterReason = NewMasterReason.NOT_MASTER


@dataclass(frozen=True, slots=True)
class ReportSplitBrain:
    """Tell people that another router of lower rank is master too."""

    sender: IPv4Address | IPv6Address
    priority: int


@dataclass(frozen=True, slots=True)
class CountSuppressed:
    """Count a losing advertisement that was not answered because of the rate limit."""


Action: TypeAlias = (
    SendAdvertisement
    | AddAddresses
    | RemoveAddresses
    | AnnounceAddresses
    | CeaseAnnouncing
    | ReportTransition
    | ReportHandover
    | ReportSplitBrain
    | CountSuppressed
)

# The next state, and the actions to carry out, in their order.
Step: TypeAlias = tuple[State, tuple[Action, ...]]
