"""Everything that can happen to a virtual router."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Startup:
    """The router may take part in the election; if it ``defers``, it preempts nobody."""

    defers: bool = False


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The router must leave the election, for *reason*."""

    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The operator wants another router to take over, for *reason*, without a gap.

    If no other router takes over, this one leaves nevertheless, unless it ``returns``.
    """

    reason: str
    returns: bool = False


@dataclass(frozen=True, slots=True)
class AdvertisementReceived:
    """A valid advertisement of another router for this VRID arrived."""

    sender: IPv4Address | IPv6Address
    priority: int
    interval: Nanoseconds


@dataclass(frozen=True, slots=True)
class SuccessorAnnounced:
    """Another host told the neighbours that it has one of the virtual addresses."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The state's deadline may have been reached.

    *with_turn*: another router advertises now, whose turn was then. A Master whose own turn comes
    soon after may advertise with it, early by at most 2 % of its interval, and stays in step.
    """

    with_turn: Nanoseconds | None = None


@dataclass(frozen=True, slots=True)
class AddressesGone:
    """The kernel has confirmed that the virtual addresses are off the interface."""


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """The parameters have another priority now; it was ``before``."""

    before: int


@dataclass(frozen=True, slots=True)
class StepDown:
    """Another virtual router of the same group is not master any more, so this one stops too.

    ``lingers``: it was succeeded, and keeps its addresses for a moment; this one is, and may too.
    """

    reason: str
    lingers: bool = False


Event: TypeAlias = (
    Startup
    | Shutdown
    | HandOver
    | AdvertisementReceived
    | SuccessorAnnounced
    | TimerFired
    | AddressesGone
    | PriorityChanged
    | StepDown
)
