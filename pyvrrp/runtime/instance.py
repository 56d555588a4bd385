"""Run one virtual router: an event comes in, `step` decides, its actions are carried out, at once.

Everything happens in the callback that brought the event. What takes time (addresses) goes to the
performer; what is a condition of taking part (link, primary address, fence) is kept as facts, from
which admission is computed anew whenever one of them changes.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol, assert_never

from pyvrrp.config.model import ChecksumPolicy, VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import group_of
from pyvrrp.packet.reception import Accepted, Discarded, Examined, Expectation, Mismatch, admit
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.ports import Address, Claim, InterfaceAddress, InterfaceState, Ports
from pyvrrp.runtime.alarm_clock import AlarmClock
from pyvrrp.runtime.announcer import Announcer
from pyvrrp.runtime.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.journal import Journal, Level
from pyvrrp.runtime.performer import Performer
from pyvrrp.runtime.segment import Segment
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words
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
    AdvertisementReceived,
    Event,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import OWNER, RELEASE, Parameters
from pyvrrp.virtual_router.states import Backup, Init, Master, Releasing, State, deadline
from pyvrrp.virtual_router.timers import master_down_interval
from pyvrrp.virtual_router.transitions import step

REFUSAL_PAUSE = Nanoseconds(5 * SECOND)  # before addresses that the kernel refused are tried again
LASTING = Nanoseconds(100 * MILLISECOND)  # an obstacle that lasts so long is worth a line
BELIEVED = {
    ChecksumPolicy.AUTO: frozenset(ChecksumForm),
    ChecksumPolicy.RFC9568: frozenset({ChecksumForm.MESSAGE_ONLY}),
    ChecksumPolicy.RFC5798: frozenset({ChecksumForm.PSEUDO_HEADER}),
}


class Gate(Protocol):
    """The part of the fence that is asked at the moment of a claim."""

    def may_claim(self) -> bool:
        """Return whether a pass is fresh enough; if not, have the checks look at once."""


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The newest advertisement accepted from another router."""

    sender: Address
    priority: int
    interval: Nanoseconds
    at: Nanoseconds


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
        self.last_heard: LastHeard | None = None
        self.present: frozenset[InterfaceAddress] = frozenset()
        self._segment = segment
        self._clock = ports.clock
        self._journal = journal
        self._conditions = Conditions()
        self._parameters = _parameters(config)
        self._expectation = _expectation(config, self._parameters)
        self._performer = Performer(config, ports, journal, self.counters, self, kernel_budget)
        self._announcer = Announcer(config, ports.clock, segment, journal, self.counters)
        self._alarm = AlarmClock(ports.clock, self._deadline_reached)
        self._pause = AlarmClock(ports.clock, self._forget_refusal)
        self._explain = AlarmClock(ports.clock, self._explain_waiting)
        self._gate: Gate | None = None
        self._waiting_for_gate = False
        self._interface_index = 0
        self._operators: frozenset[Address] = frozenset()
        self._sent_at: Nanoseconds | None = None
        self._form = ChecksumForm.PSEUDO_HEADER
        if config.checksum is ChecksumPolicy.RFC9568:
            self._form = ChecksumForm.MESSAGE_ONLY
        self._judged: tuple[Examined, Accepted] | None = None
        self.on_heard: Callable[[], None] = _nobody

    # --- what others tell ------------------------------------------------------------------

    def guard(self, gate: Gate) -> None:
        """Ask *gate* before each claim."""
        self._gate = gate

    def fence_changed(self, closed: str) -> None:
        """The fence is closed for this reason, or open if it is empty."""
        self._conditions_are(replace(self._conditions, fence=closed))

    def gate_opened(self) -> None:
        """A pass has come in: a claim that waits for it may go on."""
        if self._waiting_for_gate:
            self._waiting_for_gate = False
            self._deadline_reached()

    def stop(self) -> None:
        """Leave the election for good."""
        self._conditions_are(replace(self._conditions, stopping=True))

    @property
    def stopped(self) -> bool:
        """Whether it has left the election and the kernel has nothing of it any more."""
        return isinstance(self.state, Init) and self._performer.idle

    @property
    def waits_for_gate(self) -> bool:
        """Whether the master is silent and only a fresh pass of the checks is missing."""
        return self._waiting_for_gate

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
        return master_down_interval(self.config.version, self.config.priority, interval)

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
            self._expectation = replace(self._expectation, primary_address=primary)
            self._judged = None
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

    def receive(self, examined: Examined) -> None:
        """Segment: an advertisement for this VRID arrived."""
        accepted = self._judge(examined)
        if accepted is None:
            return
        advertisement = accepted.advertisement
        self.counters.add("advertisement_rcvd")
        if advertisement.priority == RELEASE:
            self.counters.add("priority_zero_pkts_rcvd")
        if accepted.mismatches:
            self._report_mismatches(accepted)
        if advertisement.interval > self._parameters.max_learned_interval:
            self.counters.add("intervals_capped")
        if len(accepted.checksum_forms) == 1:
            self._heard_form(accepted.checksum_forms)
        now = self._clock.now()
        self.last_heard = LastHeard(
            accepted.source, advertisement.priority, advertisement.interval, now
        )
        self.post(
            AdvertisementReceived(accepted.source, advertisement.priority, advertisement.interval)
        )
        self.on_heard()

    def discard(self, discarded: Discarded) -> None:
        """Segment: something for this VRID failed a receive check. It changes nothing else."""
        self.counters.add(discarded.reason)
        source = "" if discarded.source is None else f" from {discarded.source}"
        self._journal.warn_rarely(
            "discarded",
            f"discarded a packet{source}: {discarded.detail}",
            topic=discarded.reason,
            virtual_router=self.config,
            fields={"counter": discarded.reason},
        )

    def claimed(self, claim: Claim) -> None:
        """Segment: another host says that one of the addresses held is its own."""
        if not isinstance(self.state, Master):
            return
        self.counters.add("address_conflicts")
        mac = claim.mac.hex(":")
        self._journal.warn_rarely(
            "address_conflict",
            f"{claim.address} is claimed by {mac} too",
            topic=f"{claim.address} {mac}",
            virtual_router=self.config,
            fields={"address": str(claim.address), "mac": mac},
        )

    # --- what the performer tells ----------------------------------------------------------

    def may_hold(self) -> bool:
        """Performer: whether the lease may be renewed."""
        if not isinstance(self.state, Master) or self._sent_at is None:
            return False
        return self._clock.now() - self._sent_at <= self.master_down_interval

    def addresses_taken(self) -> None:
        """Performer: the addresses are there, so the neighbours may know."""
        if isinstance(self.state, Master):
            self._segment.hold(self, (address.ip for address in self.config.addresses))
            self._announcer.start()

    def addresses_gone(self) -> None:
        """Performer: the addresses are off the interface."""
        if self._conditions.leftovers:
            self._conditions = replace(self._conditions, leftovers=False)
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

    # --- deciding --------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        """Take one step and carry out what it asks for."""
        self.state, actions = step(self.state, event, self._parameters, self._clock.now())
        for action in actions:
            self._perform(action)
        self._alarm.set(deadline(self.state))

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
            if self._gate is not None and not self._gate.may_claim():
                self._waiting_for_gate = True
                return
        self._waiting_for_gate = False
        self.post(TimerFired())

    def _judge(self, examined: Examined) -> Accepted | None:
        # An unchanged advertisement is the same remembered value.
        if self._judged is not None and self._judged[0] is examined:
            return self._judged[1]
        verdict = admit(examined, self._expectation)
        if isinstance(verdict, Discarded):
            self.discard(verdict)
            return None
        self._judged = (examined, verdict)
        return verdict

    def _heard_form(self, forms: frozenset[ChecksumForm]) -> None:
        (form,) = forms
        self.counters.add(f"checksum_{form}_rcvd")
        if self.config.checksum is ChecksumPolicy.AUTO and form is not self._form:
            self._form = form
            self._journal.record(
                "checksum_form",
                f"sends the {form} form of the checksum from now on, as its peer does",
                virtual_router=self.config,
                fields={"form": form},
            )

    def _report_mismatches(self, accepted: Accepted) -> None:
        advertisement = accepted.advertisement
        for mismatch in accepted.mismatches:
            self.counters.add(mismatch)
            match mismatch:
                case Mismatch.INTERVAL:
                    name = "interval_mismatch"
                    text = (
                        f"{accepted.source} advertises every {in_words(advertisement.interval)}, "
                        f"here it is {in_words(self.config.advertisement_interval)}"
                    )
                case Mismatch.ADDRESS_LIST:
                    name = "address_list_mismatch"
                    listed = ", ".join(str(address) for address in advertisement.addresses)
                    text = f"{accepted.source} advertises other addresses: {listed}"
                case Mismatch.OWNER:
                    name = "owner_conflict"
                    text = f"{accepted.source} advertises although this router owns the addresses"
                case _:
                    assert_never(mismatch)
            self._journal.warn_rarely(
                name, text, topic=str(accepted.source), virtual_router=self.config
            )

    # --- carrying out ----------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        match action:
            case SendAdvertisement(priority=priority):
                self._send(priority)
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
            case ReportSplitBrain(sender=sender, priority=priority):
                self.counters.add("split_brains")
                self._journal.warn_rarely(
                    "split_brain",
                    f"{sender} is master too, with priority {priority}",
                    topic=str(sender),
                    virtual_router=self.config,
                    fields={"sender": str(sender), "priority": priority},
                )
            case CountSuppressed():
                self.counters.add("reassertions_suppressed")
            case _:
                assert_never(action)

    def _send(self, priority: int) -> None:
        packet = advertisement_packet(
            self._advertisement(priority),
            self._parameters.primary_address,
            group_of(self.config.id.family),
            self._form,
        )
        try:
            self._segment.send(self.config.id.family, packet)
        except KernelError as error:
            self._sent_at = None
            self.counters.add("send_errors")
            self._journal.warn_rarely("send_failed", str(error), virtual_router=self.config)
            return
        self._sent_at = self._clock.now()
        self.counters.add("advertisement_sent")
        if priority == RELEASE:
            self.counters.add("priority_zero_pkts_sent")

    def _advertisement(self, priority: int) -> Advertisement:
        config = self.config
        authenticated = config.version is Version.V2 and bool(config.authentication)
        return Advertisement(
            config.version,
            config.id.vrid,
            priority,
            config.advertisement_interval,
            tuple(address.ip for address in config.addresses),
            auth_type=int(authenticated),
            auth_data=config.authentication.ljust(8, b"\0") if authenticated else b"",
        )

    def _report_transition(self, action: ReportTransition) -> None:
        self.reason = action.reason
        if action.before == action.after:
            self._explain.set(Nanoseconds(self._clock.now() + LASTING))
            return
        self.since = self._clock.now()
        if action.after == "MASTER":
            self.counters.add("master_transitions")
        self.new_master_reason = action.new_master_reason
        self._journal.record(
            "transition",
            f"{action.before} -> {action.after}: {action.reason}",
            virtual_router=self.config,
            fields={"from": action.before, "to": action.after, "reason": action.reason},
        )

    def _explain_waiting(self) -> None:
        if isinstance(self.state, Init):
            self._journal.record(
                "waiting",
                f"INIT: {self.state.reason}",
                virtual_router=self.config,
                fields={"reason": self.state.reason},
            )


def _nobody() -> None:
    """Nobody wants to know."""


def _parameters(config: VirtualRouterConfig) -> Parameters:
    unspecified = IPv4Address("0.0.0.0") if config.id.family is Family.IPV4 else IPv6Address("::")
    return Parameters(
        version=config.version,
        priority=config.priority,
        advertisement_interval=config.advertisement_interval,
        primary_address=unspecified,
        preempt=config.preempt,
        preempt_delay=config.preempt_delay,
        max_learned_interval=config.max_learned_interval,
    )


def _expectation(config: VirtualRouterConfig, parameters: Parameters) -> Expectation:
    return Expectation(
        version=config.version,
        primary_address=parameters.primary_address,
        addresses=tuple(address.ip for address in config.addresses),
        interval=config.advertisement_interval,
        owner=config.priority == OWNER,
        checksum=BELIEVED[config.checksum],
        strict=config.strict,
        authentication=config.authentication,
    )
