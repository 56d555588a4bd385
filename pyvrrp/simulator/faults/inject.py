"""Doing to a world what a scenario says, and undoing it when its time is over."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random

from pyvrrp.identity import Place
from pyvrrp.simulator.faults.effects import describe, reset, separated, worsen
from pyvrrp.simulator.faults.forgery import forged
from pyvrrp.simulator.faults.mutation import MUTATIONS, mutate
from pyvrrp.simulator.judges.facts import changeable_state
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.scenario.fault import Fault, FaultKind, ServiceHealth
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.operator import Operator
from pyvrrp.simulator.world.world import World
from pyvrrp.units import MILLISECOND, SECOND

RECREATED_AFTER = 500 * MILLISECOND
_LINKS = frozenset(
    {
        FaultKind.LINK_DOWN,
        FaultKind.LOSS,
        FaultKind.DELAY,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.REFLECT,
    }
)
_RESTLESS = frozenset(
    {
        FaultKind.LOSS,
        FaultKind.DELAY,
        FaultKind.REORDER,
        FaultKind.KERNEL_SLOW,
        FaultKind.KERNEL_REFUSES,
        FaultKind.SEND_REFUSED,
    }
)
_ASKED_FOR = frozenset(
    {
        *(
            FaultKind.STOP,
            FaultKind.START,
            FaultKind.DRAIN,
            FaultKind.UNDRAIN,
            FaultKind.RESIGN,
            FaultKind.PRIORITY,
        ),
        *(FaultKind.WALL_STEP, FaultKind.INJECT),  # these must not change anything
    }
)
# What is done once leaves a world that comes to rest, unless it is to be undone later.
_AT_ONCE = frozenset(
    {FaultKind.CRASH, FaultKind.SERVICE, FaultKind.DELETE_ADDRESS, FaultKind.FORGE}
)


class FaultInjector:
    """The faults of one run: which are under way, and what that makes of links and machines."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = Random(f"{world.scenario.seed} faults")  # noqa: S311 - a simulation
        self._active: list[Fault] = []
        self._suspended_at: dict[str, int] = {}
        self._restless_until = 0
        operator = Operator(world)
        begin: Mapping[FaultKind, Callable[[Fault], None]] = {
            FaultKind.CRASH: lambda f: self._node(f).kill(),
            FaultKind.STOP: lambda f: operator.stop(self._node(f)),
            FaultKind.DRAIN: lambda f: operator.drain(self._node(f)),
            FaultKind.UNDRAIN: lambda f: operator.undrain(self._node(f)),
            FaultKind.RESIGN: lambda f: operator.resign(self._node(f)),
            FaultKind.PRIORITY: lambda f: operator.priority(self._node(f), f.priority),
            FaultKind.START: lambda f: world.start(f.node),
            FaultKind.FREEZE: lambda f: self._node(f).freeze(),
            FaultKind.SUSPEND: self._suspend,
            FaultKind.PARTITION: lambda f: self._cut(f, cut=True),
            FaultKind.DELETE_ADDRESS: self._delete_address,
            FaultKind.RECREATE_INTERFACE: self._delete_interface,
            FaultKind.WALL_STEP: self._step_wall_clock,
            FaultKind.INJECT: self._inject,
            FaultKind.FORGE: self._forge,
        }
        end: Mapping[FaultKind, Callable[[Fault], None]] = {
            FaultKind.CRASH: lambda f: world.start(f.node),
            FaultKind.STOP: lambda f: world.start(f.node),
            FaultKind.DRAIN: lambda f: operator.undrain(self._node(f)),
            FaultKind.PRIORITY: lambda f: operator.priority(self._node(f), None),
            FaultKind.FREEZE: self._thaw,
            FaultKind.SUSPEND: self._wake,
            FaultKind.PARTITION: lambda f: self._cut(f, cut=False),
            FaultKind.RECREATE_INTERFACE: self._create_interface,
        }
        self._begin, self._end = begin, end

    def plan(self) -> None:
        """Have everything happen at its time."""
        engine = self._world.engine
        for fault in self._world.scenario.faults:
            engine.at(fault.at, partial(self._starts, fault))
            lasts = fault.duration or (
                RECREATED_AFTER if fault.kind is FaultKind.RECREATE_INTERFACE else 0
            )
            if lasts:
                engine.at(fault.at + lasts, partial(self._ends, fault))
        engine.at(250 * MILLISECOND, self._restless)

    def _starts(self, fault: Fault) -> None:
        world = self._world
        world.note("world", "fault", describe(fault), kind=str(fault.kind), node=fault.node)
        world.quiet_since = world.engine.now
        # What was true until now is judged before it changes.
        world.time_judge.look()
        self._active.append(fault)
        self._upset(fault, begins=True)
        self._begin.get(fault.kind, self._nothing)(fault)
        self._settle(fault)

    def _ends(self, fault: Fault) -> None:
        world = self._world
        world.note("world", "end", f"ends: {describe(fault)}", kind=str(fault.kind))
        world.quiet_since = world.engine.now
        world.time_judge.look()
        self._active.remove(fault)
        self._upset(fault, begins=False)
        self._end.get(fault.kind, self._nothing)(fault)
        self._linger(fault)
        self._settle(fault)

    def _upset(self, fault: Fault, *, begins: bool) -> None:
        """Take note that something happens which no operator asked for, and until when."""
        if fault.kind in _ASKED_FOR:
            return
        facts, until = self._world.facts, int(self._world.engine.now)
        if fault.kind is FaultKind.SERVICE:
            until += self._world.bounds.noticed(self._node(fault).spec.configuration)
        if fault.duration or fault.kind not in _AT_ONCE:
            facts.upsets += 1 if begins else -1
        facts.upset(until)

    def _nothing(self, fault: Fault) -> None:
        """What such a fault does is worked out from all that are under way."""

    def _linger(self, fault: Fault) -> None:
        """Take note until when frames or requests of a fault's time are still about."""
        rest = 0
        if fault.kind in {FaultKind.DELAY, FaultKind.REORDER}:
            rest = int(fault.by)
        elif fault.kind is FaultKind.KERNEL_SLOW:
            rest = self._world.bounds.slowest_kernel
        elif fault.kind is FaultKind.KERNEL_REFUSES:
            rest = 6 * SECOND + self._world.bounds.kernel
        until = self._world.engine.now + rest
        self._world.facts.upset(until)
        self._world.residues[fault.node] = max(self._world.residues.get(fault.node, 0), until)

    def _settle(self, fault: Fault) -> None:
        if fault.kind in _LINKS or fault.kind is FaultKind.RECREATE_INTERFACE:
            self._work_out_links(fault.node)
        node = self._world.nodes.get(fault.node)
        if node is not None:
            self._work_out_node(node)
        if fault.kind is FaultKind.ETCD:
            etcd = self._world.etcd
            away = [fault for fault in self._active if fault.kind is FaultKind.ETCD]
            losing = {each.node: each.chance for each in sorted(away, key=lambda f: f.chance)}
            etcd.becomes(down=losing.pop("", 0.0) > 0, losing=losing)
        self._world.refresh()

    def _restless(self) -> None:
        """While something goes on by chance or on and off, the world is not quiet."""
        now = self._world.engine.now
        if now < self._restless_until or any(
            f.kind in _RESTLESS
            or (f.kind is FaultKind.SERVICE and f.health is ServiceHealth.FLAPPING)
            for f in self._active
        ):
            self._world.quiet_since = now
        self._world.engine.at(now + 250 * MILLISECOND, self._restless)

    def _node(self, fault: Fault) -> SimulatedNode:
        return self._world.nodes[fault.node]

    def _active_on(self, host: str, kind: FaultKind) -> Iterator[Fault]:
        return (fault for fault in self._active if fault.kind is kind and fault.node == host)

    # Links.

    def _work_out_links(self, host: str) -> None:
        for place, wire in self._world.wires.items():
            if host not in wire.stations:
                continue
            link = wire.stations[host].link
            reset(link)
            for fault in self._active:
                here = not fault.interface or fault.interface == place.interface
                if fault.node == host and fault.kind in _LINKS and here:
                    worsen(link, fault)
            node = self._world.nodes.get(host)
            if node is not None:
                interface = node.kernel.interfaces[place]
                if interface.up is not link.up:
                    interface.up = link.up
                    node.kernel.notify(place)
                link.up = link.up and interface.exists

    def _cut(self, fault: Fault, *, cut: bool) -> None:
        for wire in self._world.wires.values():
            for source, target in separated(fault):
                if source in wire.stations and target in wire.stations:
                    (wire.block if cut else wire.unblock)(source, target)

    # Machines.

    def _work_out_node(self, node: SimulatedNode) -> None:
        name = node.name
        slow = [int(f.by) for f in self._active_on(name, FaultKind.KERNEL_SLOW)]
        node.kernel.slower_by = max(slow, default=0)
        node.kernel.refuses = any(self._active_on(name, FaultKind.KERNEL_REFUSES))
        refused = any(self._active_on(name, FaultKind.SEND_REFUSED))
        for seat in self._seats(node):
            if refused is not node.cards[seat.place].refuses:
                seat.last_positive = None
        for card in node.cards.values():
            card.refuses = refused
        for check, service in node.services.items():
            health, delay = ServiceHealth.OK, 0
            for fault in self._active_on(name, FaultKind.SERVICE):
                if fault.check in {"", check}:
                    health, delay = fault.health, int(fault.by)
            if (health, delay) != (service.health, service.delay):
                now = self._world.engine.now
                service.becomes(health, type(now)(delay), now)

    def _seats(self, node: SimulatedNode) -> Iterator[ObservedRouter]:
        return (seat for (name, _), seat in self._world.facts.seats.items() if name == node.name)

    def _thaw(self, fault: Fault) -> None:
        if not any(self._active_on(fault.node, FaultKind.FREEZE)):
            self._resumed(fault.node)
            self._node(fault).thaw()

    def _resumed(self, name: str) -> None:
        # The judges know that it runs before it does anything.
        if name not in self._suspended_at and self._node_alive(name):
            self._world.facts.running.setdefault(name, self._world.engine.now)

    def _node_alive(self, name: str) -> bool:
        return self._world.nodes[name].alive

    def _suspend(self, fault: Fault) -> None:
        self._node(fault).time.fall_asleep()
        if fault.node not in self._suspended_at:
            self._suspended_at[fault.node] = self._world.engine.now
            self._node(fault).suspend()

    def _wake(self, fault: Fault) -> None:
        if any(self._active_on(fault.node, FaultKind.SUSPEND)):
            return
        slept = self._world.engine.now - self._suspended_at.pop(fault.node)
        frozen = any(self._active_on(fault.node, FaultKind.FREEZE))
        if fault.hidden:
            # What it waits for by its own clock takes so much longer.
            self._world.facts.disturb(self._world.facts.disturbed_until + slept)
        self._resumed(fault.node)
        self._world.lease_judge.woke(fault.node, hidden=fault.hidden)
        self._node(fault).wake(slept, hidden=fault.hidden, frozen=frozen)

    def _step_wall_clock(self, fault: Fault) -> None:
        self._node(fault).time.wall_step += int(fault.by)

    def _delete_address(self, fault: Fault) -> None:
        for seat in self._seats(self._node(fault)):
            for address in tuple(seat.held)[:1]:
                self._world.time_judge.put_back_due(seat, address)
                self._world.by_hand = True
                seat.node.kernel.remove(seat.place, address)
                self._world.by_hand = False

    def _places(self, fault: Fault) -> Iterator[Place]:
        return (
            place
            for place in self._node(fault).cards
            if not fault.interface or place.interface == fault.interface
        )

    def _delete_interface(self, fault: Fault) -> None:
        node = self._node(fault)
        for place in self._places(fault):
            node.kernel.delete_interface(place)
            node.cards[place].advertisements.clear()
            node.cards[place].announcements.clear()

    def _create_interface(self, fault: Fault) -> None:
        node = self._node(fault)
        for seat in self._seats(node):
            seat.last_positive = None
        if any(self._active_on(fault.node, FaultKind.RECREATE_INTERFACE)):
            return
        for place in self._places(fault):
            interface = node.kernel.interfaces[place]
            interface.exists = True
            interface.index += 10
            interface.mac = (
                interface.mac[:4] + bytes((interface.mac[4] + 1 & 0xFF,)) + interface.mac[5:]
            )
            node.kernel.notify(place)

    # Packets out of nowhere.

    def _inject(self, fault: Fault) -> None:
        world = self._world
        for key, packet in tuple(world.last_packet.items()):
            for _ in range(fault.count):
                name = fault.mutation or self._random.choice(tuple(MUTATIONS))
                for seat in world.facts.by_key[key]:
                    self._inject_one(seat, mutate(packet, name, self._random), name)

    def _inject_one(self, seat: ObservedRouter, packet: bytes, name: str) -> None:
        node = seat.node
        card = node.cards[seat.place]
        socket = card.advertisements.get(seat.key.family)
        if socket is None or not node.running or node.kernel.suspended:
            return
        before = changeable_state(node), seat.last_sent
        socket.deliver_unseen(packet)
        self._world.verdicts.require(
            (changeable_state(node), seat.last_sent) == before,
            InvariantName.INVALID,
            seat.who,
            f"changed by a packet that is not valid ({name}): {packet.hex()}",
        )

    def _forge(self, fault: Fault) -> None:
        world = self._world
        for key, seats in world.facts.by_key.items():
            packet = forged(seats[0], key, fault)
            for seat in seats:
                if fault.node in {"", seat.node.name}:
                    for _ in range(fault.count):
                        seat.node.cards[seat.place].packet(packet)
        until = 4 * max(
            min(int(fault.interval), int(seat.config.max_learned_interval))
            for seat in world.facts.seats.values()
        )
        now = world.engine.now
        self._restless_until = max(self._restless_until, now + until + int(SECOND))
        # Nobody is at rest before the longest wait that may come of it is over.
        world.facts.disturb(now + until + int(SECOND))
