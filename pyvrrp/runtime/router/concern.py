"""The one seam between a virtual router and what may hinder, permit or prove something for it.

A concern is a part with a reason of its own to keep a virtual router from serving: the fence, the
capacity of the node, a key in etcd, the operator. Each concern answers the same questions and hears
the same things. The supervisor states in one ordered list which concerns a virtual router has. They
are asked in that order, and the first one with an obstacle gives the reason.
"""

from collections.abc import Mapping
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.packet.reception import Discarded
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import State


class Concern(Protocol):
    """What a virtual router asks and tells (`BaseConcern` answers all of it with yes).

    *name* says in obstacles whose they are; it is unique among the concerns of a virtual router.
    *is_order*: its obstacles are orders of the operator, so the router hands over first.
    """

    name: str
    is_order: bool

    def start(self) -> None:
        """Begin to look; called once, when all virtual routers are there."""

    def configuration_changed(self) -> None:
        """Take note that the router has another configuration, which it took in place."""

    def stop(self) -> None:
        """End for good: the router has left the election, and is removed."""

    def look_at_clock(self) -> None:
        """Take note of what time alone has changed, such as a check that is silent for too long.

        Called before the router handles an event. After a stall, the event may come before the
        timers that fell due meanwhile.
        """

    def claim_due(self) -> None:
        """A claim is due and asks this concern next: find out at once what is not known."""

    def may_claim(self) -> str | None:
        """Return None if the addresses may be taken now, else what the claim waits for, in words.

        Asking changes nothing. When the answer has changed, `RouterControl.retry_claim` is called.
        """

    def may_hold_until(self) -> Nanoseconds | None:
        """Return from when on the addresses may not be here any more; None: there is no limit."""

    def hold_expired(self) -> None:
        """Name an obstacle: the instant of `may_hold_until` has passed and the router is MASTER."""

    def has_let_go(self) -> bool:
        """Return whether nothing is held any more that proved the right to the addresses.

        Asked after `released`: until it is true the router does not send priority 0. When it
        becomes true, `RouterControl.retry_claim` is called.
        """

    def claimed(self) -> None:
        """The router has become MASTER."""

    def released(self) -> None:
        """The claim that was asked for is off, or the mastership is over and the addresses gone."""

    def advertisement(self) -> None:
        """An advertisement of another router was accepted; `RouterControl.last_heard` has it."""

    def incompatible(self, discarded: Discarded) -> None:
        """A packet was discarded that proves that its sender lives: `Discarded.neighbour`."""

    def life_at(self) -> Nanoseconds | None:
        """Return when a router that takes no part in the election last proved that it lives."""

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:
        """Return what ``status`` shows of it, below the keys of the virtual router."""


class BaseConcern:
    """A concern that hinders nothing. The concerns override what they have to say."""

    name = ""
    is_order = False

    def start(self) -> None:
        """Begin to look: there is nothing to look at."""

    def configuration_changed(self) -> None:
        """Take note of another configuration: nothing of it is kept."""

    def stop(self) -> None:
        """End for good: nothing is under way."""

    def look_at_clock(self) -> None:
        """Take note of what time has changed: nothing."""

    def claim_due(self) -> None:
        """Find out what is not known: nothing is unknown."""

    def may_claim(self) -> str | None:
        """Return None: the addresses may be taken."""
        return None

    def may_hold_until(self) -> Nanoseconds | None:
        """Return None: there is no limit."""
        return None

    def hold_expired(self) -> None:
        """Name an obstacle: without a limit this is never called."""

    def has_let_go(self) -> bool:
        """Return True: nothing proves the right to the addresses."""
        return True

    def claimed(self) -> None:
        """Take note that the router has become MASTER."""

    def released(self) -> None:
        """Take note that the claim, or the mastership, is over."""

    def advertisement(self) -> None:
        """Take note that an advertisement of another router was accepted."""

    def incompatible(self, discarded: Discarded) -> None:
        """Take note of a sender that lives and cannot be accepted."""

    def life_at(self) -> Nanoseconds | None:
        """Return None: there is no such router."""
        return None

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:  # noqa: ARG002 - there is nothing
        """Return no keys."""
        return {}


class RouterControl(Protocol):
    """The virtual router as a concern sees it."""

    config: VirtualRouterConfig

    @property
    def state(self) -> State:
        """The state of its election."""

    @property
    def priority(self) -> int:
        """The priority in force: what advertisements carry and the election compares."""

    @property
    def is_silence_why(self) -> bool:
        """Whether it would claim because no master was heard: no release and no preemption."""

    @property
    def is_master(self) -> bool:
        """Whether it is MASTER, and not on its way to another state."""

    @property
    def is_last_resort(self) -> bool:
        """Whether it takes part although it is fenced, because no other router serves."""

    @property
    def is_fenced_alone(self) -> bool:
        """Whether it would take part if its checks passed."""

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement that was accepted from another router."""

    @property
    def last_life_at(self) -> Nanoseconds | None:
        """When a router of this VRID last proved that it lives, an incompatible one included."""

    @property
    def master_down_interval(self) -> Nanoseconds:
        """Master_Down_Interval with the interval learned last, or its own."""

    def obstacle(self, concern: Concern, reason: str) -> None:
        """Keep it from taking part for *reason*, until this is called with an empty one."""

    def priority_from(
        self,
        *,
        operator: int | None = ...,
        last_resort: bool = ...,
    ) -> None:
        """Take part with another priority; what is not given stays."""

    def weigh(self, concern: Concern, points: int) -> None:
        """Add *points* of *concern* to the priority, in the place of those that it gave before."""

    def retry_claim(self) -> None:
        """Ask again: an answer of a concern has changed."""

    def count(self, counter: str) -> None:
        """Count one more under the name *counter*."""
