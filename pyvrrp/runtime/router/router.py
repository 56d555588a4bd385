"""Run one virtual router: an event comes in, `step` decides, its actions are carried out, at once.

Everything happens in the callback that brought the event. What takes time (addresses, resources)
goes to the address keeper. What may keep the router from serving is an obstacle of a concern, or of
a part of its own: its interface, its addresses, its links.

The module is long because a router is what its group, its concerns, its links, its addresses and
the operator each see a side of. Each side is a section of short methods, and decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import EllipsisType

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ChainConfig
from pyvrrp.identity import Address, InterfaceAddress, Place
from pyvrrp.packet.reception import Discarded, Examined
from pyvrrp.ports import InterfaceState, Ports
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.handover_preparation import HandoverPreparation
from pyvrrp.runtime.links.heard_packet import HeardPacket
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.links.link import Link
from pyvrrp.runtime.links.router_links import RouterLinks
from pyvrrp.runtime.links.unsent import UnsentAdvertisements
from pyvrrp.runtime.router.action_runner import ActionRunner
from pyvrrp.runtime.router.concern import BaseConcern, Concern
from pyvrrp.runtime.router.from_config import expectation_of, parameters_of, renewal_limit
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.hearing import Hearing
from pyvrrp.runtime.router.obstacles import (
    ADDRESSES,
    INTERFACE,
    LEFTOVERS,
    LINKS,
    OPERATOR_ADDRESSES,
    SENDING,
    Obstacles,
)
from pyvrrp.runtime.router.operator import Operator
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.runtime.router.router_addresses import RouterAddresses
from pyvrrp.runtime.tracking.own_interface import OwnInterface
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import NewMasterReason
from pyvrrp.virtual_router.backup_wait import only_moves_deadline
from pyvrrp.virtual_router.events import (
    AdvertisementReceived,
    Event,
    HandOver,
    PriorityChanged,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import RELEASE, Parameters
from pyvrrp.virtual_router.rules import group as group_rules
from pyvrrp.virtual_router.rules.admission import (
    RESIGNED,
    STARTING,
    STOPPING,
)
from pyvrrp.virtual_router.rules.effective_priority import PrioritySources, effective_priority
from pyvrrp.virtual_router.rules.holding import may_hold
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
    is_transient,
)
from pyvrrp.virtual_router.timers import handover_patience, master_down_interval
from pyvrrp.virtual_router.transitions import step, takeover_cause, takeover_is_due

TIMER_FIRED = TimerFired()


class Router:
    """One virtual router, alive. *interfaces* are those of ``config.links``, in the same order.

    *others* are the further interfaces that have addresses of it.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        interfaces: Sequence[Interface],
        ports: Ports,
        journal: Journal,
        renewals: LeaseRenewals,
        chain: ChainConfig | None = None,
        group: Group | None = None,
        others: Mapping[Place, Interface] | None = None,
    ) -> None:
        self.config = config
        self._state: State = Init(STARTING)
        self._counters = Counters(VIRTUAL_ROUTER_COUNTERS)
        self.priority_sources = PrioritySources(config.priority)
        self.group = Group(ports.clock) if group is None else group
        self.operator = Operator(self)
        self.concerns: tuple[Concern, ...] = (self.operator,)
        self.reporter = Reporter(config, ports.clock, journal, self._counters)
        given = (config, interfaces[0], ports, journal, self._counters, renewals, chain)
        self.addresses = RouterAddresses(self, *given, others or {})
        self._clock = ports.clock
        self._parameters = parameters_of(config)
        self._renewal_limit = renewal_limit(config)
        self._obstacles = Obstacles()
        self._obstacles.concerns_are(self.concerns)
        self._own_interface = OwnInterface(config, ports.clock, self._interface_delay_over)
        self._points: dict[str, int] = {}  # what each concern adds to the priority
        expectation = expectation_of(config, self._parameters)
        self.links = RouterLinks(config, journal)
        for link, interface in zip(config.links, interfaces, strict=True):
            self.links.add(Link(config, link, interface, expectation, self))
        self._advertiser = Advertiser(config, self.links, ports.clock, journal, self._counters)
        self._preparation = HandoverPreparation(
            config,
            interfaces[0],
            self.links,
            self._advertiser,
            ports.clock,
            ports.guardian,
            self.managed,
            self.addresses.further,
        )
        self._hearing = Hearing(config, self.links, self._advertiser, self.reporter, self._counters)
        self.unsent = UnsentAdvertisements(self, ports.clock)
        self._actions = ActionRunner(self, self._advertiser)
        self._alarm = DeadlineTimer(ports.clock, self._deadline_reached)
        self._interfaces = tuple(interfaces)
        self._wake_ups = interfaces[0].wake_ups(config.advertisement_interval)
        self._held_back_by: Concern | None = None
        self._limiting: tuple[Concern, ...] = ()  # those that limit how long it may hold
        self._ageing: tuple[Concern, ...] = ()  # those that time alone changes
        self._has_primary = False
        self.group.join(self)

    def heed(self, *concerns: Concern) -> None:
        """Ask and tell *concerns* from now on, after those that are heeded already."""
        self.concerns = (*self.concerns, *concerns)
        self._obstacles.concerns_are(self.concerns)
        self._limiting = tuple(
            one
            for one in self.concerns
            if type(one).may_hold_until is not BaseConcern.may_hold_until
        )
        self._ageing = tuple(
            one for one in self.concerns if type(one).look_at_clock is not BaseConcern.look_at_clock
        )
        if self._limiting:
            self.group.limited_by(self)

    # Its configuration.

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Go on with *config*, which differs only in what may change in place.

        `pyvrrp.config.changes` has the list. The checks are told by the supervisor. A master
        advertises at once, so that the others learn of it.
        """
        self._listen_first()
        self._end_repetition()
        before, self.config = self.config, config
        self.reporter.configuration_is(config)
        self._hearing.configuration_is(config)
        self._advertiser.configuration_is(config)
        self._renewal_limit = renewal_limit(config)
        self._keep_in_step(config.advertisement_interval)
        for concern in self.concerns:
            concern.configuration_changed()
        self.priority_sources = replace(self.priority_sources, configured=config.priority)
        self._takes_over_parameters(before)
        self.addresses.configuration_is(config)
        expectation = expectation_of(config, self._parameters)
        for link, interface in zip(self.links.all, self._interfaces, strict=True):
            link.configuration_is(config, expectation)
            interface.expect_anew(link.family)
            interface.look_again()
        self.group.consider()

    def _keep_in_step(self, interval: Nanoseconds) -> None:
        self._wake_ups.leave(self)
        self._wake_ups = self._interfaces[0].wake_ups(interval)
        if isinstance(self._state, Master):
            self._wake_ups.join(self)

    def _takes_over_parameters(self, before: VirtualRouterConfig) -> None:
        priority, primary = self.priority, self._parameters.primary_address
        now = effective_priority(self.priority_sources)
        parameters = replace(parameters_of(self.config), priority=now, primary_address=primary)
        changed = parameters != self._parameters or self.config.addresses != before.addresses
        self._parameters_are(parameters)
        if now != priority:
            self.reporter.priority(priority, now)
        if changed:
            self._take(PriorityChanged(priority))

    def leave_for_good(self) -> None:
        """Give up its place on its interfaces and in its group. It must have stopped."""
        for link in self.links.all:
            link.leave()
        for concern in self.concerns:
            concern.stop()
        self.addresses.stop()
        self.group.part_from(self)

    def move_to(self, group: Group) -> None:
        """Be a member of *group* and of no other one from now on."""
        self.group.part_from(self)
        self.group = group
        group.join(self)
        if self._limiting:
            group.limited_by(self)
        group.consider()

    # The election.

    def take(self, event: Event) -> None:
        """Take one step of the election and carry out what it asks for."""
        for concern in self._ageing:
            concern.look_at_clock()
        self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(self._state, Master):
            self.group.end_expired_holds()
        elif self._hearing.is_repetition:
            self._end_repetition()
        now, before = self._clock.now(), self._state
        self._state, actions = step(before, event, self._parameters, now)
        for action in actions:
            self._actions.run(action, self._parameters.primary_address)
        due = deadline(self._state)
        self._alarm.set(due)
        if self.group.claiming and (due is None or self._clock.now() < due):
            self.group.claim_ended()
        lingers = self.group.lingers_after_death
        self._preparation.after_step(self._state, self._parameters, lingers=lingers)
        if type(before) is not type(self._state):
            self._state_changed()

    def _state_changed(self) -> None:
        if isinstance(self._state, Master):
            self._wake_ups.join(self)
            for concern in self.concerns:
                concern.claimed()
        else:
            self._wake_ups.leave(self)
            self.unsent.no_master()
        self.operator.state_changed()
        self.group.consider()

    def _deadline_reached(self) -> None:
        if isinstance(self._state, Master):
            self._advertise()
            return
        if self._master_goes_on():
            return
        if isinstance(self._state, Backup | HandingOver | Releasing):
            # The proof that the master, or the successor, is alive may already be in the socket.
            self.read_links()
            due = deadline(self.state)
            if due is None or self._clock.now() < due:
                self._alarm.set(due)
                return
        if isinstance(self._state, Backup) and takeover_is_due(self._state, self._clock.now()):
            self.group.claim()
        else:
            self.take(TimerFired())
        self.group.consider()

    def _master_goes_on(self) -> bool:
        """Put the deadline off if the same master was heard meanwhile; return whether it was."""
        due = deadline(self.state) if self._hearing.is_repetition else None
        if due is None or self._clock.now() >= due:
            return False
        self._alarm.ring_before(due)
        return True

    def _advertise(self) -> None:
        turn = self.adver_at
        self.take(TIMER_FIRED)
        if turn is not None and turn != self.adver_at:
            self._wake_ups.advertised(turn)

    @property
    def adver_at(self) -> Nanoseconds | None:
        """When it advertises next; None: it is not MASTER."""
        return self._state.adver_at if isinstance(self._state, Master) else None

    def advertise_with(self, at: Nanoseconds) -> None:
        """Advertise now, in step with a router whose turn was *at*."""
        self.take(TimerFired(with_turn=at))

    # What a group asks.

    def facts(self) -> group_rules.Member:
        """Return what the rules of its group rest on."""
        return group_rules.Member(
            name=self.config.name,
            state=self.state,
            hindrance=self._obstacles.hindrance,
            order=self._obstacles.order,
            reason=self.reporter.reason,
            addresses_gone=self.addresses.keeper.gone,
            has_let_go=all(concern.has_let_go() for concern in self.concerns),
            defers=self.operator.resigned,
            is_exclusive=self.config.is_exclusive,
        )

    def read_links(self) -> None:
        """Take at once what is queued on its links, and what time alone has changed."""
        for concern in self._ageing:
            concern.look_at_clock()
        self.links.drain()

    def ask_concerns(self) -> bool:
        """Ask the concerns whether the addresses may be claimed, up to the first that says no."""
        self._end_repetition()
        self._held_back_by = None
        for concern in self.concerns:
            concern.claim_due()
            if concern.may_claim() is not None:
                self._held_back_by = concern
                return False
        return True

    def claim_is_over(self, *, gone: bool) -> None:
        """Forget a claim that waits; *gone*: no member of the group has an address either."""
        self._held_back_by = None
        if gone:
            for concern in self.concerns:
                concern.released()
        # If it is due, it asks anew.
        self._alarm.set(deadline(self.state))

    def may_hold_until(self) -> Nanoseconds | None:
        """Return from when on its concerns do not allow its addresses any more; None: no limit."""
        limits = [concern.may_hold_until() for concern in self._limiting]
        return min((limit for limit in limits if limit is not None), default=None)

    def end_expired_hold(self) -> None:
        """Have each concern name its obstacle whose limit for holding the addresses has passed."""
        for concern in self._limiting:
            until = concern.may_hold_until()
            if until is not None and self._clock.now() >= until:
                concern.hold_expired()

    # What concerns ask.

    def obstacle(self, concern: Concern, reason: str) -> None:
        """Keep it from taking part for *reason*, until this is called with an empty one."""
        self.part_obstacle(concern.name, reason)

    def priority_from(
        self,
        *,
        operator: int | EllipsisType | None = ...,
        weights: int | EllipsisType = ...,
        last_resort: bool | EllipsisType = ...,
    ) -> None:
        """Take part with another priority from now on; what is not given stays."""
        given = {"operator": operator, "weights": weights, "last_resort": last_resort}
        changes = {key: value for key, value in given.items() if value is not ...}
        self.priority_sources = replace(self.priority_sources, **changes)  # type: ignore[arg-type]
        before, now = self.priority, effective_priority(self.priority_sources)
        if now != before:
            self._parameters_are(replace(self._parameters, priority=now))
            self.reporter.priority(before, now)
            self._take(PriorityChanged(before))
        self._obstacles.waive_fence(waived=self.is_last_resort)
        self.group.consider()

    def weigh(self, concern: Concern, points: int) -> None:
        """Add *points* of *concern* to the priority, in the place of those that it gave before."""
        if self._points.get(concern.name, 0) != points:
            self._points[concern.name] = points
            self.priority_from(weights=sum(self._points.values()))

    def retry_claim(self) -> None:
        """Ask again: an answer of a concern has changed."""
        if self._held_back_by is not None:
            self._deadline_reached()
        else:
            self.group.consider()

    def count(self, counter: str) -> None:
        """Count one more under the name *counter*."""
        self._counters.add(counter)

    def part_obstacle(self, source: str, reason: str) -> None:
        """Keep it from taking part for the *reason* of a part; empty: the part has none."""
        if self._obstacles.set(source, reason):
            self.group.consider()

    def obstacle_of(self, source: str) -> str:
        """Return what a part or concern has against taking part; empty: nothing."""
        return self._obstacles.of(source)

    # What the operator orders.

    def stop(self, reason: str = STOPPING) -> None:
        """Leave the election for good, in favour of another router if there is one."""
        self._listen_first()
        self.operator.order_stop(reason)

    def drain(self, *, drained: bool) -> None:
        """Stay out of the election until this is undone."""
        self._listen_first()
        self.operator.drain(drained=drained)

    def resign(self) -> None:
        """Step down once, with all members of the group that are MASTER."""
        self._listen_first()
        for member in self.group.members:
            member.resign_alone()

    def resign_alone(self) -> None:
        """Step down once, as one member of a group that does."""
        if not isinstance(self.state, Master):
            return
        lingers = self.group.lingers
        self.operator.resign(leaves=not lingers)
        if lingers:
            self.take(HandOver(RESIGNED, returns=True))

    def undo_resign(self) -> None:
        """Take part as configured again, with all members of the group."""
        for member in self.group.members:
            member.undo_resign_alone()

    def undo_resign_alone(self) -> None:
        """Take part as configured again, as one member of a group that does."""
        self.operator.undo_resign()
        self.group.consider()

    def set_priority(self, priority: int | None) -> None:
        """Stand with *priority*, with all members of the group; None: with the configured one."""
        self._listen_first()
        for member in self.group.members:
            member.priority_from(operator=priority)

    def _listen_first(self) -> None:
        """Take what is queued on all links of the group: it came before the order."""
        for member in self.group.members:
            member.read_links()

    def announce(self) -> None:
        """Tell the neighbours once more where the addresses are, if they are here."""
        self.addresses.announce_now()

    # What its links say.

    def inspect(self, state: InterfaceState) -> None:
        """Find the addresses that an owner's operator configured; those stay."""
        self.addresses.inspect(state)

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses that are ours to add and remove."""
        return self.addresses.managed()

    def link_changed(self, link: Link, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface of *link*, and of the address to send from there."""
        self._advertiser.links_changed()
        if link is self.links.all[0]:
            self._interface_changed(state, primary)
        else:
            self.links.changed(link)

    def _interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        self._has_primary = primary is not None
        if primary is not None:
            self._primary_address_is(primary)
        first = self._obstacles.of(INTERFACE) == STARTING
        unknown = self.addresses.interface_changed(state, first=first)
        if unknown:
            self._obstacles.set(ADDRESSES, LEFTOVERS)
        self._obstacles.set(LINKS, self.links.obstacle)
        self._obstacles.set(OPERATOR_ADDRESSES, self.addresses.of_the_operator(state))
        self._own_interface.see(state, primary)
        self._obstacles.set(INTERFACE, self._own_interface.obstacle())
        if unknown:
            self.addresses.begin_anew()
        self.group.consider()
        self.addresses.keeper.observe(state)
        self.reporter.foreign(state)

    def _interface_delay_over(self) -> None:
        self.part_obstacle(INTERFACE, self._own_interface.obstacle())

    def _primary_address_is(self, primary: Address) -> None:
        if primary != self._parameters.primary_address:
            self._parameters_are(replace(self._parameters, primary_address=primary))
        self.links.own_address_is(primary)

    def heard(self, heard: HeardPacket, link: Link) -> None:
        """Take an advertisement of another router that came over *link*."""
        if not self._hearing.note(heard.accepted, link, self._clock.now()):
            return
        before = self.state
        self.take(heard.event)
        if heard.event.priority == RELEASE:
            self.group.release_heard(self, heard.event, before)
        for concern in self.concerns:
            concern.advertisement()
        if type(before) is Backup and self._waits_again_for(heard.event):
            self._hearing.begin_repetition(heard)

    def _waits_again_for(self, event: AdvertisementReceived) -> bool:
        """Return whether *event* would only move the deadline if it came again."""
        if type(self._state) is not Backup or self.is_last_resort or self.group.claiming:
            return False
        return only_moves_deadline(event, self._parameters)

    def _parameters_are(self, parameters: Parameters) -> None:
        """Use other parameters from now on, not for what was heard before."""
        self._end_repetition()
        self._parameters = parameters

    def _catch_up(self) -> None:
        """Take the last one of the packets that only moved the deadline."""
        heard = self._hearing.missed()
        if heard is not None:
            self._state, _no_actions = step(self._state, heard.event, self._parameters, heard.at)

    def _end_repetition(self) -> None:
        self._catch_up()
        self._hearing.end_repetition()

    def discarded(self, discarded: Discarded) -> None:
        """Count and tell a packet that failed a receive check.

        It changes nothing in the election. If it proves that its sender lives, the concerns hear.
        """
        self.reporter.discarded(discarded)
        if discarded.neighbour is not None:
            for concern in self.concerns:
                concern.incompatible(discarded)

    def overhear(self, examined: Examined) -> bool:
        """Take note of another VRID; return whether it has addresses of this virtual router."""
        return self.reporter.collisions.other_vrid(examined)

    # What its addresses ask.

    def may_renew(self) -> bool:
        """Return whether the election lets it keep the addresses (`rules.holding`)."""
        return may_hold(
            self.state,
            self._parameters,
            self._advertiser.sent_at,
            self._renewal_limit,
            self._clock.now(),
        )

    @property
    def is_heard(self) -> bool:
        """Whether its last advertisement has left."""
        return self._advertiser.sent_at is not None

    def cannot_send(self, why: str) -> None:
        """Keep out of the election: its advertisements do not leave; empty: it may try again."""
        self.part_obstacle(SENDING, why)

    def can_send_again(self) -> None:
        """Go on with what waited for an advertisement that leaves."""
        self.addresses.can_send_again()

    def announced_again(self) -> None:
        """Have the rest of the group announce too: a rival made this router do it."""
        self.group.announced(self)

    # What it is at this moment. Asking changes nothing.

    @property
    def state(self) -> State:
        """The state of its election."""
        self._catch_up()
        return self._state

    @property
    def counters(self) -> Counters:
        """What it has counted, under the names of RFC 8347 where it has one."""
        self._catch_up()
        return self._counters

    @property
    def parameters(self) -> Parameters:
        """What the election needs to know of it."""
        return self._parameters

    @property
    def priority(self) -> int:
        """The priority in force: what advertisements carry and the election compares."""
        return self._parameters.priority

    @property
    def reason(self) -> str:
        """Why it is in its state, or on its way out of it."""
        match self.state:
            case Init(reason=reason) | Releasing(reason=reason) | HandingOver(reason=reason):
                return reason
            case Backup() | Master():
                return self.reporter.reason

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement that was accepted from another router."""
        self._catch_up()
        return self._hearing.last_heard

    @property
    def last_life_at(self) -> Nanoseconds | None:
        """When a router of this VRID last proved that it lives, an incompatible one included."""
        heard = self.last_heard
        found = [None if heard is None else heard.at, *(one.life_at() for one in self.concerns)]
        return max((at for at in found if at is not None), default=None)

    @property
    def is_master(self) -> bool:
        """Whether it is MASTER, and not on its way to another state."""
        return isinstance(self.state, Master)

    @property
    def is_last_resort(self) -> bool:
        """Whether it takes part although it is fenced, because no other router serves."""
        return self.priority_sources.last_resort

    @property
    def is_fenced_alone(self) -> bool:
        """Whether it would take part if its checks passed."""
        return self._obstacles.is_fence_alone

    @property
    def is_silence_why(self) -> bool:
        """Whether it would claim because no master was heard: no release and no preemption."""
        return isinstance(self.state, Backup) and (
            takeover_cause(self.state, self._parameters, self._clock.now())
            is NewMasterReason.NO_RESPONSE
        )

    @property
    def waits_for(self) -> str:
        """What alone keeps it from becoming MASTER; empty: it is not due."""
        return self.group.waits_for(self)

    @property
    def waits_for_concern(self) -> str:
        """What a concern of its own keeps a due claim waiting for; empty: none does."""
        return "" if self._held_back_by is None else self._held_back_by.may_claim() or ""

    @property
    def primary_address(self) -> Address | None:
        """The address advertisements are sent from, if there is one."""
        return self._parameters.primary_address if self._has_primary else None

    @property
    def master_down_interval(self) -> Nanoseconds:
        """Master_Down_Interval with the interval learned last, or its own."""
        state, interval = self.state, self.config.advertisement_interval
        if isinstance(state, Backup):
            interval = state.master_adver_interval
        return master_down_interval(self.config.version, self.priority, interval)

    @property
    def handover_patience(self) -> Nanoseconds:
        """How long at most it goes on answering after it was asked to step aside."""
        return handover_patience(self.config.version, self.config.advertisement_interval)

    @property
    def is_moving(self) -> bool:
        """Whether its addresses are not where they will be in a moment."""
        return is_transient(self.state) or not self.addresses.keeper.idle

    @property
    def stopped(self) -> bool:
        """Whether it has left the election and the kernel has nothing of it any more."""
        left = isinstance(self.state, Init) and self.addresses.keeper.idle
        return left and all(concern.has_let_go() for concern in self.concerns)
