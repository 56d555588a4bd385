"""Who hears whom on one segment, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyvrrp.identity import Place
from pyvrrp.simulator.judges.observed.node import ObservedInterface
from pyvrrp.simulator.judges.observed.since import kept, latest
from pyvrrp.simulator.world.network.client import SimulatedClient
from pyvrrp.simulator.world.network.segment import SimulatedSegment


@dataclass(slots=True, eq=False)
class ObservedSegment:
    """One segment. Two hosts hear each other when every frame arrives in the ordinary time."""

    place: Place
    simulated: SimulatedSegment
    interfaces: dict[str, ObservedInterface]  # by node
    clients: dict[str, SimulatedClient]
    orderly: dict[tuple[str, str], int] = field(default_factory=dict)  # both ways
    sound_links: dict[str, int] = field(default_factory=dict)  # every frame passes in time
    groups: dict[tuple[str, ...], int] = field(
        default_factory=dict
    )  # of nodes between which any frame passes

    def refresh(self, now: int, felt_until: dict[str, int], disturbed_until: int) -> None:
        """Update all pairs and groups.

        *felt_until*: for each host, when the effects of faults on it are over.
        """
        self._refresh_pairs(now, felt_until)
        self._refresh_links(now, felt_until)
        # Frames of hosts that have left the group may still be under way.
        links = [station.link for station in self.simulated.stations.values()]
        late = max((x.slower_by + x.slower_at_random + x.reorder_by for x in links), default=0)
        felt = max((felt_until.get(name, 0) for name in self.simulated.stations), default=0)
        begun = max(now + late, felt, disturbed_until)
        self.groups = {group: self.groups.get(group, begun) for group in self._groups()}

    def disturb(self, until: int) -> None:
        """Record that no group is at rest before *until*."""
        self.groups = {group: max(since, until) for group, since in self.groups.items()}

    def hear_each_other(self, hosts: Iterable[str]) -> int | None:
        """Return since when all *hosts* hear each other."""
        listed = tuple(hosts)
        pairs = self.orderly
        return latest(
            pairs.get((one, other), pairs.get((other, one)))
            for index, one in enumerate(listed)
            for other in listed[index + 1 :]
        )

    def calm_since(self, group: tuple[str, ...]) -> int | None:
        """Return since when *group* is the same, all of it is well, and all hear each other."""
        well = latest(self.interfaces[name].well_since() for name in group)
        return latest((self.groups.get(group), well, self.hear_each_other(group)))

    def ready_since(self, name: str, group: tuple[str, ...]) -> int | None:
        """Return since when *group* is the same, and one node of it and its link are well."""
        well = self.interfaces[name].well_since()
        return latest((self.groups.get(group), well, self.sound_links.get(name)))

    def _refresh_links(self, now: int, felt_until: dict[str, int]) -> None:
        for name in self.interfaces:
            if not self.simulated.stations[name].link.orderly:
                self.sound_links.pop(name, None)
            elif name not in self.sound_links:
                self.sound_links[name] = max(now, felt_until.get(name, 0))

    def _refresh_pairs(self, now: int, felt_until: dict[str, int]) -> None:
        hosts = (*self.interfaces, *self.clients)
        for index, one in enumerate(hosts):
            for other in hosts[index + 1 :]:
                begun = max(now, felt_until.get(one, 0), felt_until.get(other, 0))
                holds = self._is_orderly(one, other)
                since = kept(self.orderly.get((one, other)), holds=holds, since=begun)
                if since is None:
                    self.orderly.pop((one, other), None)
                else:
                    self.orderly[one, other] = since

    def _is_orderly(self, one: str, other: str) -> bool:
        segment = self.simulated
        if not (segment.connected(one, other) and segment.connected(other, one)):
            return False
        for host in (one, other):
            interface = self.interfaces.get(host)
            if interface is not None and interface.node.simulated.kernel.suspended:
                return False
            if not segment.stations[host].link.orderly:
                return False
        return True

    def _groups(self) -> list[tuple[str, ...]]:
        """Return the running nodes in groups between whose members any frame can pass."""
        left = [n for n, interface in self.interfaces.items() if interface.node.simulated.running]
        groups: list[tuple[str, ...]] = []
        while left:
            group = [left.pop(0)]
            for member in group:
                near = [n for n in left if self._anything_passes(member, n)]
                group += near
                left = [n for n in left if n not in near]
            groups.append(tuple(sorted(group)))
        return groups

    def _anything_passes(self, one: str, other: str) -> bool:
        return self.simulated.connected(one, other) or self.simulated.connected(other, one)
