"""The actions that an election can ask for, as complete values. The runtime carries them out."""

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
    """Add the virtual addresses to the interface, then announce them."""


@dataclass(frozen=True, slots=True)
class RemoveAddresses:
    """Remove the virtual addresses from the interface, then report AddressesGone.

    If several removals are under way, only the last one reports. An older confirmation proves
    nothing about addresses that were added since.
    """


@dataclass(frozen=True, slots=True)
class AnnounceAddresses:
    """Send gratuitous ARP or unsolicited Neighbor Advertisements once more."""


@dataclass(frozen=True, slots=True)
class CeaseAnnouncing:
    """Stop all announcements. The addresses stay for a moment, but the successor announces them."""


@dataclass(frozen=True, slots=True)
class ReportHandover:
    """Tell people the progress of a planned move; *failed*: no router took over."""

    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReportTransition:
    """Tell people that the state changed, or the reason for INIT, and why."""

    before: str
    after: str
    reason: str
    new_master_reason: NewMasterReason = NewMasterReason.NOT_MASTER


@dataclass(frozen=True, slots=True)
class ReportSplitBrain:
    """Tell people that another router, which ranks below this one, is master too."""

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
