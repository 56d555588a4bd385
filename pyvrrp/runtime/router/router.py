"""Run one virtual router: an event comes in, `step` decides, its actions are carried out, at once.

Everything happens in the callback that brought the event. What takes time (addresses) goes to the
performer; what is a condition of taking part (link, primary address, fence) is kept as facts, from
which admission is computed anew whenever one of them changes.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ChainConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, InterfaceAddress
from pyvrrp.packet.reception import Accepted, Discarded, Examined
from pyvrrp.ports import Claim, InterfaceState, Ports
from pyvrrp.runtime.addresses.address_keeper import Performer
from pyvrrp.runtime.addresses.announcer import Announcer
from pyvrrp.runtime.addresses.conflicting_holders import OtherHolders
from pyvrrp.runtime.addresses.handover_wait import Successor
from pyvrrp.runtime.base.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.interface import Segment
from pyvrrp.runtime.links.router_links import Heartbeats
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.action_runner import Outbound
from pyvrrp.runtime.router.claim_gates import Gate, Gates
from pyvrrp.runtime.router.from_config import expectation_of, parameters_of, renewal_limit
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.holding_proof import Proof
from pyvrrp.runtime.router.participation import due_event
from pyvrrp.runtime.router.received import Inbound
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.runtime.router.view import Outlook
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import NewMasterReason
from pyvrrp.virtual_router.admission import RESIGNED, Conditions, hindrance, wish
from pyvrrp.virtual_router.effective_priority import Standing, effective_priority
from pyvrrp.virtual_router.events import (
    Event,
    HandOver,
    PriorityChanged,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import OWNER, RELEASE
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    State,
)
from pyvrrp.virtual_router.transitions import step, takeover_is_due

REFUSAL_PAUSE = Nanoseconds(5 * SECOND)  # before addresses that the kernel refused are tried again


class Instance(Outlook):
    """One virtual router, alive."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        segment: Segment,
        ports: Ports,
        journal: Journal,
        kernel_budget: Nanoseconds,
        chain: ChainConfig | None = None,
        group: Group | None = None,
    ) -> None:
        self.config = config
        self.group = Group(ports.clock) if group is None else group
        self.counters = Counters(VIRTUAL_ROUTER_COUNTERS)
        self.state: State = Init("starting")
        self.standing = Standing(config.priority)
        self.present: frozenset[InterfaceAddress] = frozenset()
        self._segment = segment
        self._clock = ports.clock
        self._journal = journal
        self._conditions = Conditions()
        self.hindrance, self.wish = hindrance(self._conditions), wish(self._conditions)
        self._parameters = parameters_of(config)
        expectation = expectation_of(config, self._parameters)
        self.peers = config.peers
        self.heartbeats = Heartbeats(
            config, segment, expectation, ports.clock, journal, self.counters, self
        )
        self._advertiser = Advertiser(config, self.heartbeats, ports.clock, journal, self.counters)
        self.reporter = Reporter(config, ports.clock, journal, self.counters)
        self.overhear = self.reporter.collisions.other_vrid
        self._inbound = Inbound(config, ports.clock, self._advertiser, self.reporter, self.counters)
        given = (config, ports, journal, self.counters, self, kernel_budget)
        self.chain = None if chain is None else ResourceChain(chain, *given)
        self.performer: Performer | ResourceChain = self.chain or Performer(*given)
        self.other_holders = OtherHolders(config, ports.clock, journal, self.counters)
        self._announcer = Announcer(config, ports.clock, segment, journal, self.counters)
        self.successor = Successor(ports.clock)
        self._outbound = Outbound(
            *(self._advertiser, self.performer, self._announcer, self.reporter, self.counters),
            lambda: segment.hold(self, ()),
            lambda: self.group.announced(self),
            self.successor,
        )
        self._alarm = AlarmClock(ports.clock, self._deadline_reached)
        self._pause = AlarmClock(ports.clock, self._forget_refusal)
        self.gates = Gates()
        self._interface_index = 0
        self._resigned = False
        self._operators: frozenset[Address] = frozenset()
        self.on_heard: Callable[[], None] = lambda: None
        self.group.join(self)

    def guard(self, gate: Gate, proof: Proof | None = None) -> None:
        """Ask *gate* too before each claim, last; hold addresses only while *proof* is valid."""
        self.gates.add(gate)
        self.group.proof = proof or self.group.proof

    def stand(self, standing: Standing) -> None:
        """Stand for election with this from now on; the others learn of it at once."""
        self.standing = standing
        self.group.stood(self)
        before, now = self.priority, effective_priority(standing)
        if now != before:
            self._parameters = replace(self._parameters, priority=now)
            self.reporter.priority(before, now)
            self.post(PriorityChanged(before))
        self._conditions_are(replace(self._conditions, last_resort=standing.last_resort))

    def fence_changed(self, closed: str) -> None:
        """The fence is closed for this reason, or open if it is empty."""
        self._conditions_are(replace(self._conditions, fence=closed))

    def etcd_lease_changed(self, lost: str) -> None:
        """The key in etcd is not ours any more for this reason, or nothing hinders (empty)."""
        self._conditions_are(replace(self._conditions, etcd_lease=lost))

    def proof_settled(self) -> None:
        """The addresses are gone, and so may be what proved that they were ours: say so."""
        self.group.settle()

    def gate_opened(self) -> None:
        """A gate has changed its mind: a claim that waits for it may go on."""
        if self.gates.hold_back:
            self._deadline_reached()

    def stop(self) -> None:
        """Leave the election for good, in favour of another one if there is one."""
        self._conditions_are(replace(self._conditions, stopping=True))

    def drain(self, *, drained: bool) -> None:
        """Stay out of the election until this is undone."""
        self._conditions_are(replace(self._conditions, drained=drained))

    def resign(self) -> None:
        """Step down once, and leave the addresses with whoever takes them; only a master can."""
        for member in self.group.members:
            member.resign_alone()

    def resign_alone(self) -> None:
        """Group: all members resign, and this is one of them."""
        if not isinstance(self.state, Master):
            return
        if self.group.lingers:
            self.post(HandOver(RESIGNED, returns=True))
        else:
            self._conditions_are(replace(self._conditions, resigned=True))

    def announce(self) -> None:
        """Tell the neighbours once more where the addresses are, if they are here."""
        self._announcer.burst()

    @property
    def waits_for(self) -> str:
        """What alone is missing for a claim that is due; empty if none is due."""
        return self.group.waits_for(self)

    @property
    def stopped(self) -> bool:
        """Whether it has left the election and the kernel has nothing of it any more."""
        left = isinstance(self.state, Init) and self.performer.idle
        return left and self.group.proof.is_settled

    def inspect(self, state: InterfaceState) -> None:
        """Segment: find the addresses that an owner's operator configured; those stay."""
        if self.config.priority == OWNER and state.exists:
            foreign = {address.ip for address in state.addresses if address not in state.ours}
            self._operators = frozenset(foreign)

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Segment: the virtual addresses that are ours to add and remove."""
        return tuple(a for a in self.config.addresses if a.ip not in self._operators)

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Segment: take note of the interface as it is now."""
        self.present = frozenset(state.addresses) & frozenset(self.config.addresses)
        if primary is not None and primary != self._parameters.primary_address:
            self._parameters = replace(self._parameters, primary_address=primary)
        self.heartbeats.interface_changed(state, primary)
        if state.exists and (
            state.index != self._interface_index or self.managed() != self.performer.managed
        ):
            self._interface_index = state.index
            self._conditions = replace(self._conditions, leftovers=True)
            self.performer.forget(self.managed())
        elif not state.exists:
            self._interface_index = 0
            if not self._conditions.interface_known:
                self.performer.let_go()  # resources of an earlier life need no interface
        self._conditions_are(
            replace(
                self._conditions,
                interface_known=True,
                interface_exists=state.exists,
                link_up=state.up,
                has_primary_address=primary is not None,
                heartbeat=self.heartbeats.obstacle,
            )
        )
        self.performer.observe(state.addresses)
        self.reporter.foreign(state)

    def receive(self, examined: Examined) -> None:
        """Segment: an advertisement for this VRID arrived."""
        self.heartbeats.receive(examined)

    def heard(self, accepted: Accepted) -> None:
        """Heartbeats: an advertisement of another router, each once."""
        event, before = self._inbound.accept(accepted), self.state
        self.post(event)
        if event.priority == RELEASE:
            self.group.released(self, event, before)
        self.on_heard()

    def discard(self, discarded: Discarded) -> None:
        """Segment: something for this VRID failed a receive check. It changes nothing else."""
        self.reporter.discarded(discarded)

    def claimed(self, claim: Claim) -> None:
        """Segment: another host says that one of the addresses held is its own."""
        self.successor.announced()
        self._alarm.set(self.due)
        if isinstance(self.state, Master):
            self.other_holders.heard(claim)

    def may_hold(self) -> bool:
        """Performer: whether the lease may be renewed."""
        if isinstance(self.state, HandingOver):
            # The successor heard of it, and is heard before that.
            heard = self._advertiser.was_heard_within(self.handover_patience)
            return heard and self._clock.now() < self.state.give_up_at
        return (
            isinstance(self.state, Master)
            and self._advertiser.was_heard_within(renewal_limit(self.config))
            and self.group.proof.is_valid
        )

    def addresses_taken(self) -> None:
        """Performer: the addresses are there, so the neighbours may know."""
        if isinstance(self.state, Master | HandingOver):
            self._segment.hold(self, (address.ip for address in self.config.addresses))
            cause = self.reporter.new_master_reason
            self._announcer.start(succeeds=cause != NewMasterReason.NO_RESPONSE)

    def addresses_gone(self) -> None:
        """Performer: the addresses are off the interface."""
        self._conditions = replace(self._conditions, leftovers=False)
        if not isinstance(self.state, Master):
            self.other_holders.stop()
        self.group.addresses_gone(self)
        self._conditions_are(self._conditions)

    def addresses_refused(self, error: KernelError) -> None:
        """Performer: a master without its addresses is none."""
        self._journal.record(
            "kernel_refused", str(error), level=Level.ERROR, virtual_router=self.config
        )
        self._pause.set(Nanoseconds(self._clock.now() + REFUSAL_PAUSE))
        self._conditions_are(replace(self._conditions, kernel=str(error)))

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Performer: these had been removed by somebody and are back."""
        self._announcer.burst([address.ip for address in addresses])

    def addresses_withdrawn(self) -> None:
        """Chain: they are off the interface for a while, though this stays the master."""
        self._outbound.fall_silent()

    def resources_failed(self, why: str) -> None:
        """Chain: this node cannot run its resources for this reason, or can again."""
        self._conditions_are(replace(self._conditions, resources=why))

    def _forget_refusal(self) -> None:
        self._conditions_are(replace(self._conditions, kernel=""))

    def post(self, event: Event) -> None:
        """Take one step and carry out what it asks for."""
        before, proof = self.state, self.group.proof
        if isinstance(before, Master) and not proof.is_valid:
            proof.run_out()
            before = self.state
        self.state, actions = step(before, event, self._parameters, self._clock.now())
        for action in actions:
            self._outbound.perform(action, self._parameters.primary_address)
        due = self.due
        self._alarm.set(due)
        if self.group.claiming and (due is None or self._clock.now() < due):
            self.group.claim_ended()
        if type(before) is not type(self.state):
            self.group.state_changed(self)

    def _conditions_are(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self.hindrance, self.wish = hindrance(conditions), wish(conditions)
        self.group.obstacle_changed(self)

    def reconcile(self) -> None:
        """Group: take part or not, as the obstacles here and in the group say now."""
        if self._conditions.resigned and isinstance(self.state, Init | Backup):
            self._resigned = True
            self._conditions_are(replace(self._conditions, resigned=False))
            return
        hindered, wished = self.group.hindrance_for(self), self.group.wish_for(self)
        lingers, defers = self.group.lingers, self._resigned
        event = due_event(self.state, hindered, wished, lingers=lingers, defers=defers)
        if event is not None:
            self._resigned = self._resigned and not isinstance(event, Startup)
            self.post(event)

    def _deadline_reached(self) -> None:
        if isinstance(self.state, Backup | HandingOver):
            # The proof that the master, or the successor, lives may already be in the socket.
            self.heartbeats.drain()
            due = self.due
            if due is None or self._clock.now() < due:
                self._alarm.set(due)
                return
        if isinstance(self.state, Backup) and takeover_is_due(self.state, self._clock.now()):
            self.group.claim()
        else:
            self.post(TimerFired())
        self.group.reconcile()
