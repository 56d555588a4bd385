"""Run one virtual router: an event comes in, `step` decides, its actions are carried out, at once.

Everything happens in the callback that brought the event. What takes time (addresses) goes to the
performer; what is a condition of taking part (link, primary address, fence) is kept as facts, from
which admission is computed anew whenever one of them changes.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import assert_never

from pyvrrp.config.model import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.packet.reception import Discarded, Examined
from pyvrrp.ports import Address, Claim, InterfaceAddress, InterfaceState, Ports
from pyvrrp.runtime.advertiser import Advertiser
from pyvrrp.runtime.alarm_clock import AlarmClock
from pyvrrp.runtime.announcer import Announcer
from pyvrrp.runtime.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.expectations import parameters_of, renewal_limit
from pyvrrp.runtime.gates import Gate, Gates
from pyvrrp.runtime.inbound import Inbound, LastHeard
from pyvrrp.runtime.journal import Journal, Level
from pyvrrp.runtime.performer import Performer
from pyvrrp.runtime.reporter import Reporter
from pyvrrp.runtime.segment import Segment
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CountSuppressed,
    RemoveAddresses,
    ReportSplitBrain,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.admission import Conditions, obstacle
from pyvrrp.virtual_router.events import (
    AddressesGone,
    Event,
    PriorityChanged,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import OWNER
from pyvrrp.virtual_router.standing import Standing, effective_priority
from pyvrrp.virtual_router.states import Backup, Init, Master, Releasing, State, deadline
from pyvrrp.virtual_router.timers import master_down_interval
from pyvrrp.virtual_router.transitions import step

REFUSAL_PAUSE = Nanoseconds(5 * SECOND)  # before addresses that the kernel refused are tried again
LASTING = Nanoseconds(100 * MILLISECOND)  # an obstacle that lasts so long is worth a line


class Instance:
    """One virtual router, alive."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        segment: Segment,
        ports: Ports,
        journal: Journal,
        kernel_budget: Nanoseconds,
    ) -> None:
        self.config = config
        self.counters = Counters(VIRTUAL_ROUTER_COUNTERS)
        self.state: State = Init("starting")
        self.reason = "starting"
        self.since = ports.clock.now()
        self.new_master_reason = "not-master"
        self.standing = Standing(config.priority)
        self.present: frozenset[InterfaceAddress] = frozenset()
        self._segment = segment
        self._clock = ports.clock
        self._journal = journal
        self._conditions = Conditions()
        self._parameters = parameters_of(config)
        self._advertiser = Advertiser(config, segment, ports.clock, journal, self.counters)
        self._reporter = Reporter(config, journal, self.counters)
        self._inbound = Inbound(
            config, ports.clock, self._advertiser, self._reporter, self.counters
        )
        self._performer = Performer(config, ports, journal, self.counters, self, kernel_budget)
        self._announcer = Announcer(config, ports.clock, segment, journal, self.counters)
        self._alarm = AlarmClock(ports.clock, self._deadline_reached)
        self._pause = AlarmClock(ports.clock, self._forget_refusal)
        self._explain = AlarmClock(ports.clock, self._explain_waiting)
        self._gates = Gates()
        self._interface_index = 0
        self._operators: frozenset[Address] = frozenset()
        self.on_heard: Callable[[], None] = _nobody

    def guard(self, gate: Gate) -> None:
        """Ask *gate* too before each claim, after those that were named before."""
        self._gates.add(gate)

    @property
    def priority(self) -> int:
        """The priority in force: what advertisements carry and the election goes by."""
        return self._parameters.priority

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement accepted from another router."""
        return self._inbound.last_heard

    def stand(self, standing: Standing) -> None:
        """Stand for election with this from now on; the others learn of it at once."""
        self.standing = standing
        before, now = self.priority, effective_priority(standing)
        if now != before:
            self._parameters = replace(self._parameters, priority=now)
            self._reporter.priority(before, now)
            self.post(PriorityChanged(before))

    def fence_changed(self, closed: str) -> None:
        """The fence is closed for this reason, or open if it is empty."""
        self._conditions_are(replace(self._conditions, fence=closed))

    def gate_opened(self) -> None:
        """A gate has changed its mind: a claim that waits for it may go on."""
        if self._gates.hold_back:
            self._deadline_reached()

    def stop(self) -> None:
        """Leave the election for good."""
        self._conditions_are(replace(self._conditions, stopping=True))

    @property
    def stopped(self) -> bool:
        """Whether it has left the election and the kernel has nothing of it any more."""
        return isinstance(self.state, Init) and self._performer.idle

    @property
    def waits_for(self) -> str:
        """What alone is missing for a claim that is due; empty if none is due."""
        return self._gates.waits_for

    @property
    def primary_address(self) -> Address | None:
        """The address advertisements are sent from, if there is one."""
        return self._parameters.primary_address if self._conditions.has_primary_address else None

    @property
    def master_down_interval(self) -> Nanoseconds:
        """Master_Down_Interval with the interval learned last, or the own one."""
        state = self.state
        interval = (
            state.master_adver_interval
            if isinstance(state, Backup)
            else self.config.advertisement_interval
        )
        return master_down_interval(self.config.version, self.priority, interval)

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
            self._inbound.primary_address_is(primary)
        if state.exists and (
            state.index != self._interface_index or self.managed() != self._performer.managed
        ):
            self._interface_index = state.index
            self._conditions = replace(self._conditions, leftovers=True)
            self._performer.forget(self.managed())
        elif not state.exists:
            self._interface_index = 0
        self._conditions_are(
            replace(
                self._conditions,
                interface_known=True,
                interface_exists=state.exists,
                link_up=state.up,
                has_primary_address=primary is not None,
            )
        )
        self._performer.observe(state.addresses)
        self._reporter.foreign(state)

    def receive(self, examined: Examined) -> None:
        """Segment: an advertisement for this VRID arrived."""
        event = self._inbound.accept(examined)
        if event is not None:
            self.post(event)
            self.on_heard()

    def discard(self, discarded: Discarded) -> None:
        """Segment: something for this VRID failed a receive check. It changes nothing else."""
        self._reporter.discarded(discarded)

    def claimed(self, claim: Claim) -> None:
        """Segment: another host says that one of the addresses held is its own."""
        if isinstance(self.state, Master):
            self._reporter.claimed(claim)

    def may_hold(self) -> bool:
        """Performer: whether the lease may be renewed."""
        return isinstance(self.state, Master) and self._advertiser.was_heard_within(
            renewal_limit(self.config)
        )

    def addresses_taken(self) -> None:
        """Performer: the addresses are there, so the neighbours may know."""
        if isinstance(self.state, Master):
            self._segment.hold(self, (address.ip for address in self.config.addresses))
            self._announcer.start()

    def addresses_gone(self) -> None:
        """Performer: the addresses are off the interface."""
        if self._conditions.leftovers:
            self._conditions = replace(self._conditions, leftovers=False)
        if not isinstance(self.state, Master):
            self._gates.end_claim()
        self.post(AddressesGone())
        self._reconcile()

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

    def _forget_refusal(self) -> None:
        self._conditions_are(replace(self._conditions, kernel=""))

    def post(self, event: Event) -> None:
        """Take one step and carry out what it asks for."""
        self.state, actions = step(self.state, event, self._parameters, self._clock.now())
        for action in actions:
            self._perform(action)
        due = deadline(self.state)
        self._alarm.set(due)
        if self._gates.hold_back and (due is None or self._clock.now() < due):
            self._gates.end_claim()

    def _conditions_are(self, conditions: Conditions) -> None:
        if conditions != self._conditions:
            self._conditions = conditions
        self._reconcile()

    def _reconcile(self) -> None:
        why_not = obstacle(self._conditions)
        match self.state:
            case Init() if why_not is None:
                self.post(Startup())
            case Init(reason=known) if why_not != known:
                self.post(Shutdown(why_not or ""))
            case Backup() | Master() if why_not is not None:
                self.post(Shutdown(why_not))
            case Init() | Backup() | Master() | Releasing():
                pass

    def _deadline_reached(self) -> None:
        if isinstance(self.state, Backup):
            # The proof that the master lives may already be in the socket.
            self._segment.drain(self.config.id.family)
            due = deadline(self.state)
            if due is None or self._clock.now() < due:
                self._alarm.set(due)
                return
            if not self._gates.let_through():
                return
        self.post(TimerFired())

    def _perform(self, action: Action) -> None:
        match action:
            case SendAdvertisement(priority=priority):
                self._advertiser.send(priority, self._parameters.primary_address)
            case AddAddresses():
                self._performer.take()
            case RemoveAddresses():
                # The address first; what follows can wait for the kernel's worker.
                self._performer.let_go()
                self._announcer.stop()
                self._segment.hold(self, ())
            case AnnounceAddresses():
                self._announcer.burst()
            case ReportTransition():
                self._report_transition(action)
            case ReportSplitBrain():
                self._reporter.split_brain(action)
            case CountSuppressed():
                self.counters.add("reassertions_suppressed")
            case _:
                assert_never(action)

    def _report_transition(self, action: ReportTransition) -> None:
        self.reason = action.reason
        if action.before == action.after:
            self._explain.set(Nanoseconds(self._clock.now() + LASTING))
            return
        self.since = self._clock.now()
        self.new_master_reason = action.new_master_reason
        self._reporter.transition(action)

    def _explain_waiting(self) -> None:
        if isinstance(self.state, Init):
            self._reporter.waiting(self.state.reason)


def _nobody() -> None:
    """Nobody wants to know."""
