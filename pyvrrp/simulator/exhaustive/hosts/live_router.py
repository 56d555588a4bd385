"""One virtual router of a host during one move: it does what `runtime.router.router` does.

The group around it is the real one, `runtime.router.group`. The election is the real `step`, and
the rules are the real ones. What stands in the way is computed by `rules.admission`, the priority
by `rules.effective_priority`.
"""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Family, Place, VirtualRouterId
from pyvrrp.runtime.router.group import Group
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.hosts.router_state import RouterState, without_words
from pyvrrp.simulator.exhaustive.routers.node_state import NOW
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router import transitions
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    NewMasterReason,
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AdvertisementReceived,
    Event,
    HandOver,
    PriorityChanged,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import RELEASE, Parameters
from pyvrrp.virtual_router.rules import capacity, last_resort
from pyvrrp.virtual_router.rules.admission import (
    DRAINED,
    FENCE,
    RESIGNED,
    Obstacle,
    hindrance,
    is_only,
    order,
)
from pyvrrp.virtual_router.rules.effective_priority import PrioritySources, effective_priority
from pyvrrp.virtual_router.rules.group import Member
from pyvrrp.virtual_router.states import Backup, HandingOver, Heard, Init, Master, State, deadline
from pyvrrp.virtual_router.timers import master_down_interval


class SearchedHost(Protocol):
    """What a virtual router needs of its host."""

    def sends(self, number: int, before: State, priority: int) -> None:
        """Take note that the virtual router *number* sends *priority*; it was in *before*."""

    def preempts_although_resigned(self) -> None:
        """Take note that a virtual router that resigned takes the addresses from a master."""

    def held_beside(self, number: int) -> int:
        """Return how many other virtual routers the host holds."""


class LiveRouter:
    """One virtual router during one move."""

    def __init__(
        self,
        host: SearchedHost,
        group: Group,
        number: int,
        kept: RouterState,
        index: int,
        scope: HostScope,
    ) -> None:
        self.group = group
        self.kept = kept
        self.state = kept.state
        self.actions: list[Action] = []
        self.number = number
        self._host = host
        self._scope = scope
        self._configured = scope.hosts[index][number]
        address = IPv4Interface(f"192.0.2.{100 + number}/24")
        identity = VirtualRouterId(Place("", f"eth{number}"), Family.IPV4, number + 1)
        self.config = VirtualRouterConfig(name_of(number), identity, (address,))
        group.join(self)

    @property
    def parameters(self) -> Parameters:
        """What the election needs to know now."""
        sources = PrioritySources(self._configured.priority, last_resort=self.kept.stands)
        return replace(self._configured, priority=effective_priority(sources))

    def keep(self) -> RouterState:
        """Return what the search keeps of it."""
        return self.kept._replace(state=without_words(self.state, self._configured))

    # The election, as in `Router`.

    def take(self, event: Event) -> None:
        """Take one step of the election."""
        before = self.state
        self.state, actions = transitions.step(before, event, self.parameters, NOW)
        if isinstance(self.state, Master) and not isinstance(before, Master):
            self._becomes_master(actions)
        for action in actions:
            self._carry_out(before, action)
        due = deadline(self.state)
        if self.group.claiming and (due is None or due > NOW):
            self.group.claim_ended()
        if type(before) is not type(self.state):
            self.group.consider()

    def deadline_reached(self) -> None:
        """Do what is due."""
        if self.is_due:
            self.group.claim()
        else:
            self.take(TimerFired())
        self.group.consider()

    def hear(self, event: AdvertisementReceived) -> None:
        """Take an advertisement of another host."""
        if self._scope.remembers:
            heard = Heard(event.sender, event.priority)
            self.kept = self.kept._replace(heard=heard, heard_at=NOW)
        before = self.state
        self.take(event)
        if event.priority == RELEASE:
            self.group.release_heard(self, event, before)
        if self.kept.stands:
            self.look()

    def removed(self) -> None:
        """Take note that the kernel has removed the addresses, if they are still unwanted."""
        self.kept = self.kept._replace(removal=None)
        if not self.kept.wanted:
            self.kept = self.kept._replace(held=False)
            self.group.addresses_gone()

    def next_alarm(self) -> Nanoseconds | None:
        """Return when it has something to do, None if it waits for others."""
        if not self.is_due:
            return deadline(self.state)
        return self._crowded_until() if self.kept.held_back else NOW

    @property
    def is_due(self) -> bool:
        """Whether it is to become MASTER, as far as it alone is concerned."""
        return isinstance(self.state, Backup) and transitions.takeover_is_due(self.state, NOW)

    # What a group asks.

    @property
    def waits_for_concern(self) -> str:
        """What keeps a due claim waiting."""
        return "another node to take it" if self.kept.held_back else ""

    def facts(self) -> Member:
        """Return what the rules of its group rest on."""
        obstacles = self._obstacles()
        return Member(
            name=self.config.name,
            state=self.state,
            hindrance=hindrance(obstacles),
            order=order(obstacles),
            addresses_gone=not self.kept.wanted and not self.kept.held,
            defers=self.kept.is_resigned,
            is_exclusive=self._scope.is_exclusive,
        )

    def read_links(self) -> None:
        """Do nothing: a running process of a host has read what has arrived."""

    def ask_concerns(self) -> bool:
        """Ask the capacity whether the addresses may be claimed."""
        if self._has_room():
            self.kept = self.kept._replace(held_back=False)
            return True
        if self.kept.asked_at is None:
            self.kept = self.kept._replace(asked_at=NOW)
        held_back = self._crowded_until() > NOW
        self.kept = self.kept._replace(held_back=held_back)
        return not held_back

    def claim_is_over(self, *, gone: bool) -> None:
        """Forget a claim that waits."""
        self.kept = self.kept._replace(held_back=False)
        if gone:
            self.kept = self.kept._replace(asked_at=None)

    def may_hold_until(self) -> Nanoseconds | None:
        """Return None: nothing here limits how long it may hold."""
        return None

    def end_expired_hold(self) -> None:
        """Do nothing: nothing here limits how long it may hold."""

    def announce(self) -> None:
        """Do nothing: the search has no neighbours."""

    def resign_alone(self) -> None:
        """Step down once, as one member of a group that does."""
        if isinstance(self.state, Master):
            self.kept = self.kept._replace(is_resigned=True)
            self.take(HandOver(RESIGNED, returns=True))

    def undo_resign_alone(self) -> None:
        """Preempt again, as one member of a group that does."""
        self.kept = self.kept._replace(is_resigned=False)
        self.group.consider()

    def priority_from(self, *, operator: int | None) -> None:
        """Do nothing: the search has no operator who sets priorities."""

    # The last resort, as in `runtime.health.last_resort`.

    def look(self) -> None:
        """Decide whether to serve although it is fenced."""
        match self.decision():
            case last_resort.Forget():
                self.kept = self.kept._replace(failed_since=None)
            case last_resort.End():
                self._stand(stands=False)
            case last_resort.Stand():
                self.kept = self.kept._replace(failed_since=None, stands_since=NOW)
                self._stand(stands=True)
            case last_resort.LookAgain():
                if self.kept.failed_since is None:
                    self.kept = self.kept._replace(failed_since=NOW)
            case last_resort.Nothing():
                pass

    def decision(self) -> last_resort.Decision:
        """Return what the rule of the last resort says now."""
        kept, own = self.kept, self.parameters
        interval = own.advertisement_interval
        if isinstance(self.state, Backup):
            interval = self.state.master_adver_interval
        facts = last_resort.LastResortFacts(
            state=self.state,
            stands=kept.stands,
            stands_since=kept.stands_since,
            fence_open=not kept.is_fenced,
            fence_failed=kept.is_fenced,
            fenced_alone=is_only(FENCE, self._obstacles()),
            failed_since=kept.failed_since,
            heard=kept.heard,
            heard_at=kept.heard_at,
            life_at=kept.heard_at,
            told=True,
            allowed=self._scope.last_resort,
            patience=master_down_interval(own.version, own.priority, interval),
        )
        return last_resort.decide(facts, NOW)

    def looks_in(self) -> Nanoseconds | None:
        """Return how long it is until a look changes something, None if nothing is expected."""
        if not self._scope.last_resort:
            return None
        match self.decision():
            case last_resort.Nothing():
                return None
            case last_resort.Forget():
                return None if self.kept.failed_since is None else Nanoseconds(0)
            case last_resort.LookAgain(at=at) if self.kept.failed_since is not None:
                return None if at is None else Nanoseconds(at - NOW)
            case last_resort.LookAgain() | last_resort.Stand() | last_resort.End():
                return Nanoseconds(0)

    def _stand(self, *, stands: bool) -> None:
        before = self.parameters.priority
        self.kept = self.kept._replace(stands=stands)
        if self.parameters.priority != before:
            self.take(PriorityChanged(before))
        self.group.consider()

    # What is left of the process around the election.

    def _obstacles(self) -> list[Obstacle]:
        kept = self.kept
        return [
            Obstacle("link", "link down" if kept.is_cut_off else ""),
            Obstacle("operator", DRAINED if kept.is_drained else "", is_order=True),
            Obstacle(FENCE, "fenced" if kept.is_fenced else "", is_waived=kept.stands),
        ]

    def _becomes_master(self, actions: Sequence[Action]) -> None:
        causes = [one.new_master_reason for one in actions if isinstance(one, ReportTransition)]
        if self.kept.is_resigned and NewMasterReason.PREEMPTED in causes:
            self._host.preempts_although_resigned()
        self.kept = self.kept._replace(is_resigned=False)

    def _has_room(self) -> bool:
        most = self._scope.max_held
        return most is None or self._host.held_beside(self.number) < most

    def _crowded_until(self) -> Nanoseconds:
        kept, own = self.kept, self.parameters
        heard_at = kept.heard_at
        if kept.heard is None or kept.heard.priority == RELEASE:
            heard_at = None
        asked_at = NOW if kept.asked_at is None else kept.asked_at
        interval = own.advertisement_interval
        if isinstance(self.state, Backup):
            interval = self.state.master_adver_interval
        patience = master_down_interval(own.version, own.priority, interval)
        return capacity.may_claim_from(asked_at, heard_at, patience)

    def _carry_out(self, before: State, action: Action) -> None:
        self.actions.append(action)
        match action:
            case SendAdvertisement(priority=priority):
                self._host.sends(self.number, before, priority)
            case AddAddresses():
                self.kept = self.kept._replace(wanted=True, held=True)
            case RemoveAddresses():
                removal = self.kept.removal
                removal = self._scope.removal if removal is None else removal
                self.kept = self.kept._replace(wanted=False, removal=removal)
            case _:
                pass

    @property
    def answers(self) -> bool:
        """Whether the election wants its addresses: as master, or for its successor."""
        lingers = isinstance(self.state, Backup) and self.state.holds_until is not None
        return lingers or isinstance(self.state, Master | HandingOver)

    @property
    def is_out(self) -> bool:
        """Whether it is not MASTER, and not on its way out of it."""
        return isinstance(self.state, Init | Backup)


def name_of(number: int) -> str:
    """Return the name of the virtual router *number* in reasons and traces."""
    return ("lan", "wan")[number] if number < 2 else f"router {number + 1}"  # noqa: PLR2004
