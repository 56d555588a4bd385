"""A simulated world: machines, switches, clients, time, and the judges who watch all of it."""

from collections.abc import Collection
from functools import partial
from ipaddress import IPv4Address
from random import Random

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Family, InterfaceAddress, Place, VirtualRouterId
from pyvrrp.runtime.base.journal import Event
from pyvrrp.simulator.judges.bounds import ANNOUNCE_WITHIN, Bounds
from pyvrrp.simulator.judges.facts import Facts, ObservedSegment
from pyvrrp.simulator.judges.handover import HandoverJudge
from pyvrrp.simulator.judges.invariants import InvariantName, Violation
from pyvrrp.simulator.judges.lease import LeaseJudge
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.oracle import CheckRecord, seen_in
from pyvrrp.simulator.judges.standing import StandingJudge
from pyvrrp.simulator.judges.time import TimeJudge
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.judges.wire import WireJudge
from pyvrrp.simulator.random.resources import unjudged
from pyvrrp.simulator.report.trace import TraceEntry, Value
from pyvrrp.simulator.scenario.scenario import ClientSpec, NodeSpec, Scenario
from pyvrrp.simulator.world.clients import SimulatedClient
from pyvrrp.simulator.world.clocks import NodeTime
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd import EtcdCluster
from pyvrrp.simulator.world.kernel import NOTICE, SimulatedInterface, SimulatedKernel
from pyvrrp.simulator.world.network import HostLink, SimulatedSegment, Station
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.owners import SegmentOwners
from pyvrrp.simulator.world.resources import ResourceHost
from pyvrrp.simulator.world.services import SimulatedService
from pyvrrp.simulator.world.sockets import NetworkCard
from pyvrrp.units import MILLISECOND, SECOND

LOOK = 250 * MILLISECOND
_WORTH_A_LINE = frozenset({"transition", "fence", "check", "split_brain", "kernel_refused"})


class World:
    """Everything there is. It is the observer of its kernels and its wires."""

    def __init__(self, scenario: Scenario, *, detailed: bool = True) -> None:
        self.scenario = scenario
        self.engine = Engine()
        self.trace: list[TraceEntry] = []
        self.etcd = EtcdCluster(self.engine, self._random("etcd"))
        self.detailed = detailed
        self.last_packet: dict[VirtualRouterId, bytes] = {}
        self.wires = {
            place: SimulatedSegment(
                self.engine, self._random(f"wire {place}"), scenario.network_delay
            )
            for place in scenario.places()
        }
        self.nodes: dict[str, SimulatedNode] = {}
        self.clients: dict[str, SimulatedClient] = {}
        self.residues: dict[str, int] = {}
        self.quiet_since = 0
        self.verdicts = Verdicts(self.engine, self._violated, unjudged(scenario))
        self.bounds = Bounds(scenario)
        for index, spec in enumerate(scenario.nodes):
            self.nodes[spec.name] = self._node(spec, index)
        segments = {
            place: ObservedSegment(
                place, wire, {n.name: n for n in self.nodes.values() if place in n.cards}, {}
            )
            for place, wire in self.wires.items()
        }
        self.facts = Facts(self.nodes, segments)
        for index, client_spec in enumerate(scenario.clients):
            self._client(client_spec, index)
        self.wire_judge = WireJudge(self.facts, self.bounds, self.engine, self.verdicts)
        self.wire_judge.resources.watch(self.note)
        judging = (self.facts, self.bounds, self.engine, self.verdicts)
        self.lease_judge = LeaseJudge(*judging)
        self.time_judge = TimeJudge(scenario, *judging)
        self.handovers = HandoverJudge(*judging)
        self.standing_judge = StandingJudge(self.facts, self.engine, self.verdicts)
        self.by_hand = False

    # What happens by itself.

    def begin(self) -> None:
        """Have the nodes start at their times, the clients send, and the judges look."""
        for spec in self.scenario.nodes:
            self.engine.at(spec.start, partial(self.start, spec.name))
        for index, client in enumerate(self.scenario.clients):
            self.engine.at(index * MILLISECOND, partial(self._send, client))
        self.engine.at(0, self.refresh)
        self.engine.at(LOOK, self._look)

    def start(self, name: str) -> None:
        """Start the daemon of a node."""
        node = self.nodes[name]
        if node.alive or node.kernel.suspended:
            return
        for config in node.spec.configuration.virtual_routers:
            self.facts.seats[name, config.id].forget()
            self.facts.seats[name, config.id].state_since = self.engine.now
        for check in node.spec.configuration.checks:
            life = CheckRecord(check)
            self.facts.lives[name, check.name] = life
        self.note(name, "start", "daemon starts")
        self.time_judge.look()
        node.start()
        self.refresh()

    def refresh(self) -> None:
        """Something about hosts or links has changed; what lasted until now has been judged."""
        self.facts.refresh(self.engine.now, self.residues)
        self.facts.etcd_reached = self.etcd.reached_since
        self.quiet_since = self.engine.now

    def note(self, who: str, what: str, text: str, **fields: Value) -> None:
        """Write down what happened."""
        self.trace.append(TraceEntry(self.engine.now, who, what, text, fields))

    # What the machines tell (KernelObserver, TrafficObserver).

    def address_changed(
        self, node: str, place: Place, address: InterfaceAddress, *, present: bool
    ) -> None:
        """An address has come or gone."""
        for seat in self.facts.by_place.get((node, place), ()):
            if address not in seat.config.addresses:
                continue
            self.time_judge.overlaps(seat.key)
            seat.changed_at = self.engine.now
            if present:
                seat.held[address] = self.engine.now
                self.lease_judge.came(seat)
                # What was away for less than a notice takes was never away, for the daemon.
                if self.engine.now - seat.lost.get(address, -int(NOTICE) * 5) > 4 * NOTICE:
                    seat.unacknowledged.add(address)
                self.handovers.gained(seat, address)
                self.wire_judge.resources.gained(seat, address)
                self.time_judge.gained(seat)
            else:
                del seat.held[address]
                if not self.by_hand:
                    self.handovers.lost(seat, address)
                seat.lost[address] = self.engine.now
                seat.unacknowledged.discard(address)
        word = "has" if present else "no longer has"
        self.note(node, "address", f"{word} {address}", address=str(address), present=present)

    def acknowledged(
        self, node: str, place: Place, addresses: Collection[InterfaceAddress]
    ) -> None:
        """A daemon is being told that its addresses are there."""
        for seat in self.facts.by_place.get((node, place), ()):
            new = [a for a in addresses if a in seat.unacknowledged]
            seat.unacknowledged.difference_update(new)
            if new:
                paced = int(seat.config.announce.gap) * len(seat.config.addresses)
                due = self.engine.now + int(ANNOUNCE_WITHIN) + paced
                if (node, place) not in self.facts.sound:
                    # Put back once more by a request of its own, after the one under way.
                    due += 2 * self.bounds.slowest_kernel
                self.engine.at(due, partial(self._announced, seat, tuple(new), self.engine.now))

    def advertisement_sent(self, node: str, place: Place, packet: bytes) -> None:
        """An advertisement leaves a node."""
        self.wire_judge.sent(node, place, packet)
        seen = seen_in(packet)
        family = Family.IPV4 if isinstance(seen.sender, IPv4Address) else Family.IPV6
        self.last_packet[VirtualRouterId(place, family, seen.vrid)] = packet
        if self.detailed:
            self.note(
                node,
                "advertisement",
                f"advertises VRID {seen.vrid}, priority {seen.priority}",
                vrid=seen.vrid,
                priority=seen.priority,
            )

    def announcement_sent(self, node: str, place: Place, frame: bytes) -> None:
        """An announcement leaves a node."""
        self.wire_judge.announced(node, place, frame)

    def packet_queued(self, node: str, place: Place, packet: bytes) -> None:
        """A packet has come to a socket."""
        self.wire_judge.queued(node, place, packet)

    def packet_taking(self, node: str, place: Place, packet: bytes) -> None:
        """A daemon is about to read a packet."""
        self.wire_judge.taking(node, place, packet)

    def packet_taken(self, node: str, place: Place, packet: bytes) -> None:
        """A daemon has read a packet."""
        self.wire_judge.taken(node, place, packet)

    def packet_lost(self, node: str, place: Place, packet: bytes) -> None:
        """A socket was full."""

    # Inside.

    def _random(self, what: str) -> Random:
        return Random(f"{self.scenario.seed} {what}")  # noqa: S311 - a simulation, not a secret

    def _node(self, spec: NodeSpec, index: int) -> SimulatedNode:
        time = NodeTime(self.engine, spec.offset, spec.drift_ppm)
        random = self._random(f"node {spec.name}")
        kernel = SimulatedKernel(
            spec.name, self.engine, time, random, self.scenario.kernel_delay, self
        )
        cards: dict[Place, NetworkCard] = {}
        for number, (place, own) in enumerate(spec.own.items()):
            mac = bytes((2, 0, 0, number, 0, index + 1))
            kernel.interfaces[place] = SimulatedInterface(place, mac, own, index=2 + number)
            card = NetworkCard(spec.name, place, kernel, self.wires[place], self, {}, [])
            cards[place] = card
            self.wires[place].attach(
                Station(spec.name, spec.switch, HostLink(), card.packet, card.frame)
            )
        services = {check.name: SimulatedService(check) for check in spec.configuration.checks}
        luck = self._random(f"resources {spec.name}")
        machine = ResourceHost(spec.name, self.engine, luck, lambda: kernel.suspended)
        node = SimulatedNode(
            spec,
            self.engine,
            random,
            time,
            kernel,
            machine,
            cards,
            self._heard,
            self._probed,
            self.etcd,
            services,
        )
        machine.remove = node.remove_addresses
        return node

    def _client(self, spec: ClientSpec, index: int) -> None:
        segment = self.facts.segments[spec.place]
        addresses = {
            address: None
            for node in self.scenario.nodes
            for config in node.configuration.virtual_routers
            if config.id.place == spec.place
            for address in config.addresses
        }
        client = SimulatedClient(
            spec.name,
            bytes((2, 0, 0, 0xC, 0, index + 1)),
            segment.wire,
            SegmentOwners(segment),
            tuple(addresses),
            self._random(f"client {spec.name}"),
        )
        self.clients[spec.name] = segment.clients[spec.name] = client
        segment.wire.attach(
            Station(spec.name, spec.switch, HostLink(), lambda _packet: None, client.frame)
        )

    def _send(self, spec: ClientSpec) -> None:
        client = self.clients[spec.name]
        for address, who in client.send(self.engine.now):
            said = f"{address} does not answer" if who is None else f"{address} answers: {who}"
            self.note(spec.name, "client", said, address=str(address), answered_by=who)
        segment = self.facts.segments[spec.place]
        self.time_judge.client(client, segment)
        self.handovers.client(client, segment, int(spec.period))
        self.engine.at(self.engine.now + spec.period, partial(self._send, spec))

    def _look(self) -> None:
        self.time_judge.look()
        self.handovers.look()
        for seat in self.facts.seats.values():
            if seat.node.name in self.facts.awake:
                self.standing_judge.look(seat)
        self.engine.at(self.engine.now + LOOK, self._look)

    def _heard(self, name: str, event: Event) -> None:
        seat = self._seat_of(name, event.virtual_router)
        if seat is not None and event.name == "transition":
            self._judge_quiet(seat, event)
            self.time_judge.overlaps(seat.key)
            self.wire_judge.transition(seat, event)
        elif seat is not None and event.name == "priority":
            self.time_judge.look()
            self.standing_judge.priority(seat, event)
            self.quiet_since = self.engine.now
        elif seat is not None and event.name in {"last_resort", "last_resort_over"}:
            self.time_judge.look()
            self.standing_judge.last_resort(seat, event)
            self.quiet_since = self.engine.now
        elif seat is not None and event.name == "fence":
            self.standing_judge.fence(seat, event)
            self.quiet_since = self.engine.now
        if self.detailed or event.name in _WORTH_A_LINE:
            router = "" if event.virtual_router is None else f"{event.virtual_router.name}: "
            self.note(name, event.name, router + event.text, **event.fields)

    def _seat_of(self, name: str, config: VirtualRouterConfig | None) -> ObservedRouter | None:
        return None if config is None else self.facts.seats[name, config.id]

    def _judge_quiet(self, seat: ObservedRouter, event: Event) -> None:
        node, config = seat.node.name, seat.config
        limit = self.bounds.quiet(seat.key, node, config)
        quiet = self.engine.now - self.quiet_since
        self.verdicts.require(
            quiet <= limit,
            InvariantName.QUIET,
            seat.who,
            f"{event.text} after {quiet / SECOND:.3f} s in which nothing happened",
        )

    def _probed(self, name: str, check: str, passed: bool) -> None:  # noqa: FBT001 - a result
        node = self.nodes[name]
        self.facts.lives[name, check].told(node.time.now(), passed=passed)

    def _announced(
        self, seat: ObservedRouter, addresses: tuple[InterfaceAddress, ...], since: int
    ) -> None:
        node = seat.node
        running = self.facts.running.get(node.name)
        sends = self.facts.sends.get((node.name, seat.place))
        able = sends is not None and sends <= since and seat.is_master()
        if running is None or running > since or not able:
            return
        for address in addresses:
            self.verdicts.require(
                address not in seat.held or seat.announced.get(address.ip, -1) >= since,
                InvariantName.ANNOUNCED,
                seat.who,
                f"{address} is there and was not announced",
            )

    def _violated(self, violation: Violation) -> None:
        said = f"VIOLATION {violation.invariant}: {violation.what}"
        self.note(violation.who, "violation", said, invariant=str(violation.invariant))
