"""What is true in a simulated world, and since when: the ground that invariants are judged on.

A fact is the instant since which it has held without a break, or None. Two hosts hear each other
when every frame between them arrives within the ordinary delay; a node is well when its daemon
runs and its kernel does what it is asked within the ordinary time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from pyvrrp.identity import Place, VirtualRouterId
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.oracle import CheckRecord
from pyvrrp.simulator.world.clients import SimulatedClient
from pyvrrp.simulator.world.network import SimulatedSegment
from pyvrrp.simulator.world.node import SimulatedNode

K = TypeVar("K")


@dataclass(slots=True)
class ObservedSegment:
    """Who hears whom on one segment, and since when."""

    place: Place
    wire: SimulatedSegment
    nodes: dict[str, SimulatedNode]
    clients: dict[str, SimulatedClient]
    orderly: dict[tuple[str, str], int] = field(default_factory=dict)  # both ways
    groups: dict[tuple[str, ...], int] = field(default_factory=dict)


class Facts:
    """Everything the judges look at. `refresh` is called after each fault begins or ends."""

    def __init__(
        self, nodes: dict[str, SimulatedNode], segments: dict[Place, ObservedSegment]
    ) -> None:
        self.nodes = nodes
        self.segments = segments
        self.seats: dict[tuple[str, VirtualRouterId], ObservedRouter] = {}
        self.by_key: dict[VirtualRouterId, list[ObservedRouter]] = {}
        self.by_place: dict[tuple[str, Place], list[ObservedRouter]] = {}
        self.running: dict[str, int] = {}
        self.awake: dict[str, int] = {}  # as running, also while it stops in order
        self.sound: dict[tuple[str, Place], int] = {}  # kernel and interface do as they are asked
        self.sends: dict[tuple[str, Place], int] = {}
        self.refused: dict[tuple[str, Place], int] = {}
        self.gone: dict[str, tuple[str, int]] = {}  # how the daemon is away, kernel time of that
        self.good: dict[tuple[str, str], int] = {}
        self.bad: dict[tuple[str, str], int] = {}
        self.lives: dict[tuple[str, str], CheckRecord] = {}
        self.disturbed_until = 0
        self.upset_until = max((int(node.spec.start) for node in nodes.values()), default=0)
        self.upsets = 0  # under way: faults that no operator asked for
        self.etcd_reached: int | None = 0  # since when every node reaches etcd
        for node in nodes.values():
            for config in node.spec.configuration.virtual_routers:
                seat = ObservedRouter(node, config)
                self.seats[node.name, config.id] = seat
                self.by_key.setdefault(config.id, []).append(seat)
                self.by_place.setdefault((node.name, config.id.place), []).append(seat)
        for seat in self.seats.values():
            name, group = seat.node.name, seat.config.group
            alike = (s for (n, _), s in self.seats.items() if n == name and s.config.group == group)
            seat.members = tuple(alike) if group else (seat,)

    def refresh(self, now: int, residues: dict[str, int]) -> None:
        """Look at everything again. *residues*: until when a host still feels what has ended."""
        for node in self.nodes.values():
            self._refresh_node(node, now, residues.get(node.name, 0))
        for segment in self.segments.values():
            self._refresh_pairs(segment, now, residues)
            self._refresh_groups(segment, now)

    def upset(self, until: int) -> None:
        """Take note that something nobody asked for has its effects until then."""
        self.upset_until = max(self.upset_until, until)

    def disturb(self, until: int) -> None:
        """Take note that no group is at rest before *until*."""
        self.upset(until)
        self.disturbed_until = max(self.disturbed_until, until)
        for segment in self.segments.values():
            segment.groups = {g: max(s, until) for g, s in segment.groups.items()}

    def well(self, name: str, place: Place) -> int | None:
        """Since when the node's daemon runs on a sound kernel and can send."""
        facts = (
            self.running.get(name),
            self.sound.get((name, place)),
            self.sends.get((name, place)),
        )
        return _latest(facts)

    def able(self, seat: ObservedRouter) -> int | None:
        """Since when its node is well on the segments of all members of its group."""
        return _latest(self.well(seat.node.name, one.place) for one in seat.members)

    def know_each_other(self, one: ObservedRouter, other: ObservedRouter) -> int | None:
        """Since when two nodes hear each other on the segments of all members of their group."""
        pair = (one.node.name, other.node.name)
        return _latest(
            self.hear_each_other(self.segments[place], pair)
            for place in {member.place for member in one.members}
        )

    def hear_each_other(self, segment: ObservedSegment, hosts: Iterable[str]) -> int | None:
        """Since when all *hosts* hear each other."""
        listed = tuple(hosts)
        return _latest(
            segment.orderly.get((one, other), segment.orderly.get((other, one)))
            for index, one in enumerate(listed)
            for other in listed[index + 1 :]
        )

    def calm(self, segment: ObservedSegment, group: tuple[str, ...]) -> int | None:
        """Since when *group* is the same, all of it is well, and all hear each other."""
        well = _latest(self.well(name, segment.place) for name in group)
        return _latest((segment.groups.get(group), well, self.hear_each_other(segment, group)))

    def calm_for_a_lease(self, segment: ObservedSegment, group: tuple[str, ...]) -> int | None:
        """Since when *group*, which is all there is, is calm and reaches etcd."""
        if set(group) != set(segment.nodes):
            return None
        return _latest((self.calm(segment, group), self.etcd_reached))

    def seats_of(self, key: VirtualRouterId, group: Iterable[str]) -> list[ObservedRouter]:
        """Return the seats of one virtual router on the nodes of *group*."""
        return [s for name in group if (s := self.seats.get((name, key))) is not None]

    def healthy(self, seat: ObservedRouter) -> int | None:
        """Since when every probe of the checks of its group passes."""
        name = seat.node.name
        return _latest(self.good.get((name, check)) for check in seat.fence())

    def checks(self, seat: ObservedRouter) -> Iterator[CheckRecord]:
        """The checks of its group, as this life of its daemon was told."""
        return (self.lives[seat.node.name, check] for check in seat.fence())

    def _refresh_node(self, node: SimulatedNode, now: int, until: int) -> None:
        _keep(self.running, node.name, node.running and not node.stopping, now)
        _keep(self.awake, node.name, node.running, now)
        away = "" if node.running else "dead" if not node.alive else "stopped"
        if not away:
            self.gone.pop(node.name, None)
        elif node.name not in self.gone or self.gone[node.name][0] != away:
            self.gone[node.name] = (away, node.time.kernel_now())
        for place, card in node.cards.items():
            interface = node.kernel.interfaces[place]
            kernel = not node.kernel.suspended and not node.kernel.refuses
            sound = kernel and interface.exists and interface.up and not node.kernel.slower_by
            _keep(self.sound, (node.name, place), sound, max(now, until))
            sends = interface.exists and not card.refuses
            _keep(self.sends, (node.name, place), sends, now)
            _keep(self.refused, (node.name, place), card.refuses, now)
        for name, service in node.services.items():
            _keep(self.good, (node.name, name), service.good, now)
            # A prober that gets stuck, or unstuck, starts the count anew.
            self.bad.pop((node.name, name), None)
            _keep(self.bad, (node.name, name), service.bad, service.since)

    def _refresh_pairs(self, segment: ObservedSegment, now: int, residues: dict[str, int]) -> None:
        hosts = (*segment.nodes, *segment.clients)
        for index, one in enumerate(hosts):
            for other in hosts[index + 1 :]:
                since = max(now, residues.get(one, 0), residues.get(other, 0))
                _keep(segment.orderly, (one, other), self._orderly(segment, one, other), since)

    def _orderly(self, segment: ObservedSegment, one: str, other: str) -> bool:
        wire = segment.wire
        if not (wire.connected(one, other) and wire.connected(other, one)):
            return False
        for host in (one, other):
            node = segment.nodes.get(host)
            if node is not None and node.kernel.suspended:
                return False
            if not wire.stations[host].link.orderly:
                return False
        return True

    def _refresh_groups(self, segment: ObservedSegment, now: int) -> None:
        # Frames of those who have left may still be under way.
        links = [station.link for station in segment.wire.stations.values()]
        late = max((x.slower_by + x.slower_at_random + x.reorder_by for x in links), default=0)
        groups = _groups(segment)
        begun = max(now + late, self.disturbed_until)
        segment.groups = {group: segment.groups.get(group, begun) for group in groups}


def changeable_state(node: SimulatedNode) -> tuple[object, ...]:
    """Return everything that a packet may change in a daemon, to be compared."""
    return tuple(
        (i.state, i.last_heard, i.addresses.present, i.reporter.reason) for i in node.routers()
    )


def _groups(segment: ObservedSegment) -> list[tuple[str, ...]]:
    """Return the running nodes in groups of those that anything can pass between."""
    left = [name for name, node in segment.nodes.items() if node.running]
    groups: list[tuple[str, ...]] = []
    while left:
        group = [left.pop(0)]
        for member in group:
            near = [n for n in left if _anything_passes(segment.wire, member, n)]
            group += near
            left = [n for n in left if n not in near]
        groups.append(tuple(sorted(group)))
    return groups


def _anything_passes(wire: SimulatedSegment, one: str, other: str) -> bool:
    return wire.connected(one, other) or wire.connected(other, one)


def _latest(facts: Iterable[int | None]) -> int | None:
    latest = 0
    for fact in facts:
        if fact is None:
            return None
        latest = max(latest, fact)
    return latest


def _keep(facts: dict[K, int], what: K, holds: bool, since: int) -> None:  # noqa: FBT001 - a fact is a boolean
    if not holds:
        facts.pop(what, None)
    else:
        facts.setdefault(what, since)
