"""The judges of one world: they learn what happens and record which invariant is broken."""

from collections.abc import Collection

from pyvrrp.identity import InterfaceAddress, Place, Version
from pyvrrp.runtime.base.journal import JournalEvent
from pyvrrp.simulator.judges.events.addresses import AddressJudge
from pyvrrp.simulator.judges.events.advertisements import AdvertisementJudge
from pyvrrp.simulator.judges.events.announcements import AnnouncementJudge
from pyvrrp.simulator.judges.events.deaths import DeathJudge
from pyvrrp.simulator.judges.events.etcd_lease import EtcdLeaseJudge
from pyvrrp.simulator.judges.events.handover import HandoverJudge
from pyvrrp.simulator.judges.events.resources import ResourceJudge
from pyvrrp.simulator.judges.events.standing import StandingJudge
from pyvrrp.simulator.judges.events.transitions import TransitionJudge
from pyvrrp.simulator.judges.lasting.lasting import LastingJudges
from pyvrrp.simulator.judges.observed.check_record import CheckRecord
from pyvrrp.simulator.judges.observed.disturbances import Disturbances
from pyvrrp.simulator.judges.observed.facts import Facts
from pyvrrp.simulator.judges.observed.judge import Case
from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Shares
from pyvrrp.simulator.judges.rules.verdicts import Verdicts
from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.simulator.world.network.client import SimulatedClient
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement
from pyvrrp.simulator.world.network.sockets import NetworkCard, TrafficObserver
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.observer import WorldObserver
from pyvrrp.simulator.world.world import World
from pyvrrp.units import MILLISECOND

LOOK = 250 * MILLISECOND


class Judges(WorldObserver):
    """Calls the judges that each event concerns, in the order in which they depend on it."""

    def __init__(self, world: World) -> None:
        scenario, engine = world.scenario, world.engine
        bounds = Bounds(scenario)
        self.verdicts = Verdicts(engine, world.trace)
        self._engine = engine
        self._facts = Facts(world)
        self._disturbances = Disturbances(scenario, bounds, engine)
        self.shares = Shares()
        case = Case(self._facts, self._disturbances, bounds, engine, self.verdicts, self.shares)
        self._announcements = AnnouncementJudge(case)
        self._handovers = HandoverJudge(case)
        self._deaths = DeathJudge(case, self._handovers)
        self._advertisements = AdvertisementJudge(case, self._announcements, self._deaths)
        self._transitions = TransitionJudge(case)
        self._addresses = AddressJudge(case)
        self._etcd_leases = EtcdLeaseJudge(case)
        self._resources = ResourceJudge(case)
        self._standing = StandingJudge(case)
        self._lasting = LastingJudges(case, self._standing, self._handovers)

    def begin(self) -> None:
        """Judge the world at the beginning, and then every 250 ms."""
        self._engine.at(0, self.facts_changed)
        self._engine.at(LOOK, self._look)

    def end(self) -> None:
        """Judge what lasts until the end."""
        self.shares.case(InvariantName.NO_ERROR)
        self.shares.case(InvariantName.RUNAWAY)
        self._lasting.end()

    def _look(self) -> None:
        self._lasting.look_from_time_to_time()
        self._engine.after(LOOK, self._look)

    # Addresses and packets.

    def address_changed(
        self,
        node: str,
        place: Place,
        address: InterfaceAddress,
        *,
        present: bool,
        by_hand: bool = False,
    ) -> None:
        """An address has come or gone."""
        for router in self._facts.at(node, place):
            if address not in router.config.addresses:
                continue
            if by_hand:
                self._addresses.deleted(router, address)
            self._lasting.overlap(router.id)
            router.changed_at = self._engine.now
            self._facts.version += 1
            if present:
                self._addresses.gained(router, address)
                self._etcd_leases.gained(router)
                self._handovers.gained(router, address)
                self._deaths.gained(router)
                self._resources.gained(router, address)
                self._addresses.judge_silent(router)
            else:
                self._addresses.lost(router, address)
                if not by_hand:
                    self._handovers.lost(router, address)
                    self._deaths.lost(router, address)

    def acknowledged(
        self, node: str, place: Place, addresses: Collection[InterfaceAddress]
    ) -> None:
        """A daemon is being told that its addresses are there."""
        self._announcements.acknowledged(node, place, addresses)

    def traffic(self) -> TrafficObserver:
        """Return the judge of advertisements and announcements."""
        return self._advertisements

    def foreign_heard(self, card: NetworkCard, seen: SeenAdvertisement, version: Version) -> None:
        """A daemon is about to read *seen*, which a router in another *version* has sent."""
        self._advertisements.foreign(card, seen, version)

    def packet_injecting(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """A daemon is about to read an invalid variant of *seen*."""
        self._advertisements.injecting(card, seen)

    def packet_injected(
        self, card: NetworkCard, seen: SeenAdvertisement, invalid: bytes, mutation: str
    ) -> None:
        """A daemon has read *invalid*."""
        self._advertisements.injected(card, seen, invalid, mutation)

    def client_sent(self, client: SimulatedClient, *, changed: bool) -> None:
        """A client has sent to all its addresses and knows which nodes answer."""
        rules = self._lasting.clients[client]
        if changed:
            rules.forget()
        rules.look()

    # Resources.

    def resource_changed(self, node: str, resource: str, *, runs: bool) -> None:
        """A resource has been started or stopped."""
        self._resources.changed(node, resource, runs=runs)

    def resource_died(self, node: str, resource: str) -> None:
        """A resource has ended by itself."""
        self._resources.died(node, resource)
        self._resource_failed(node)

    def command_failed(self, node: str) -> None:
        """A command of a resource has failed."""
        self._resource_failed(node)

    def _resource_failed(self, node: str) -> None:
        """What follows from a failure may take a while; then bounds begin anew."""
        del node
        self._disturbances.note()
        self._disturbances.resource_failed()
        self._facts.version += 1

    def resource_stopping(self, node: str, resource: str) -> None:
        """The daemon has begun to stop a resource."""
        self._resources.stopping(node, resource)

    # Daemons and operators.

    def daemon_event(self, node: str, event: JournalEvent) -> None:
        """A daemon has recorded something in its journal."""
        if event.name == "internal_error":
            self.verdicts.broken(InvariantName.NO_ERROR, node, event.text)
        if event.virtual_router is None:
            return
        of = event.virtual_router
        router = next(one for one in self._facts.on_node[node] if one.config is of)
        match event.name:
            case "transition":
                self._lasting.overlap(router.id)
                self._transitions.transition(router, event)
            case "priority":
                self._lasting.look()
                self._standing.priority(router, event)
                self._disturbances.note()
            case "last_resort" | "last_resort_over":
                self._lasting.look()
                self._standing.last_resort(router, event)
                self._disturbances.note()
            case "fence":
                self._standing.fence(router, event)
                self._disturbances.note()
            case (
                "resource_start_failed"
                | "resource_monitor_failed"
                | "guardian_intervened"
                | "resource_restarting"
            ):
                self._resources.failed(router, event)
            case "handover_failed":
                self._handovers.failed(router)
            case _:
                pass  # the other events are not judged

    def probed(self, node: str, check: str, passed: bool) -> None:  # noqa: FBT001 - a result
        """A daemon is being told the result of a probe."""
        observed = self._facts.nodes[node]
        record = observed.checks[check].record
        before = record.passing
        record.add_result(observed.time.now(), passed=passed)
        if record.passing is not before:
            self._facts.version += 1

    def daemon_starting(self, node: SimulatedNode) -> None:
        """A daemon is about to start: it knows nothing of the process before it."""
        for router in self._facts.on_node[node.name]:
            router.forget()
            router.state_since = self._engine.now
        self._facts.nodes[node.name].started_at = int(self._engine.now)
        for check in self._facts.nodes[node.name].checks.values():
            check.record = CheckRecord(check.record.check)
        self._facts.version += 1
        self._lasting.look()

    def daemon_stopped(self, node: SimulatedNode) -> None:
        """A daemon that was stopped in order has ended."""
        for router in self._facts.on_node[node.name]:
            self.shares.case(InvariantName.STOPPED)
            if router.held and router.interface.sound_since is not None:
                self.verdicts.broken(
                    InvariantName.STOPPED, router.who, "stopped, and an address is still there"
                )
        self._lasting.look()
        self.facts_changed()

    def ordered(self, node: SimulatedNode, order: FaultKind) -> None:
        """A daemon is being told to stop, to drain, to undrain or to resign."""
        self._handovers.ordered(node, order)

    def priority_given(self, node: SimulatedNode, priority: int | None) -> None:
        """An operator gives a node a priority, or takes it back (None)."""
        for router in self._facts.on_node[node.name]:
            router.operator = priority
        self._facts.version += 1

    # Faults.

    def fault_changing(self, fault: Fault, *, begins: bool) -> None:
        """A fault is about to begin or to end: what was true until now is judged first."""
        self._disturbances.note()
        self._lasting.look()
        if begins:
            if fault.kind is FaultKind.CRASH:
                self._deaths.killing(self._facts.nodes[fault.node].simulated)
            self._disturbances.begins(fault)
            return
        self._disturbances.ends(fault)
        if fault.kind is FaultKind.RECREATE_INTERFACE:
            for router in self._facts.on_node[fault.node]:
                router.last_positive = None

    def fault_changed(self, fault: Fault, *, begins: bool) -> None:
        """A fault has begun or ended, with all that follows at once."""
        if not begins:
            self._disturbances.has_ended(fault)
        elif (until := self._disturbances.has_begun(fault)) is not None:
            self._disturb(until)
        if begins and fault.kind is FaultKind.CHANGE_MAC:
            self._announcements.mac_changed(fault.node)
        self.facts_changed()

    def facts_changed(self) -> None:
        """Something about hosts, links or daemons has changed."""
        self._facts.refresh(self._engine.now, self._disturbances)
        self._disturbances.note()

    def daemon_resuming(self, node: SimulatedNode) -> None:
        """A daemon that was stopped or suspended is about to run again."""
        observed = self._facts.nodes[node.name]
        if observed.running_since is None:
            observed.running_since = self._engine.now
        self._facts.version += 1

    def machine_waking(self, node: SimulatedNode, slept: int, *, hidden: bool) -> None:
        """A machine is about to go on."""
        if hidden:
            # By its own clock its waits end so much later.
            self._disturbances.slept(node.name, slept)
            until = self._disturbances.disturbed_until + slept
            self._disturbances.disturb(until)
            self._disturb(until)
            for router in self._facts.on_node[node.name]:
                router.rival_due += slept
        self._etcd_leases.woke(node.name, hidden=hidden)
        self._deaths.waking(node, hidden=hidden)

    def _disturb(self, until: int) -> None:
        for segment in self._facts.segments.values():
            segment.disturb(until)
