"""Everything that can happen to a virtual router."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Startup:
    """The router may take part in the election. If it ``defers``, it preempts no other router.

    A BACKUP takes part already; it learns whether it defers from now on.
    """

    defers: bool = False


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The router must leave the election, for *reason*."""

    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The operator orders a planned move, for *reason*: another router shall take over.

    If no other router takes over, this one leaves all the same, or stays if it ``returns``.
    """

    reason: str
    returns: bool = False


@dataclass(frozen=True, slots=True)
class AdvertisementReceived:
    """A valid advertisement of another router for this VRID arrived.

    *interval* is the one that it advertises.
    """

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
    """The priority in the parameters has changed. It was ``before``.

    After a reload it may be the same, and other parameters or the addresses have changed.
    """

    before: int


@dataclass(frozen=True, slots=True)
class StepDown:
    """Another virtual router of the same group is no longer master, so this one leaves MASTER too.

    ``lingers``: the other one has a successor and keeps its addresses for a moment. This one may do
    the same.
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
