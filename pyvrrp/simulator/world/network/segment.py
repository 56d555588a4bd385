"""Segments of a network: switches in a row, and the links of hosts to them.

A frame is carried from one host to each other host. Losses and delays are properties of the links
at the two ends, a partition is one of the pair. The switches between them learn addresses.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from pyvrrp.simulator.scenario.scenario import NetworkDelay
from pyvrrp.simulator.world.changes import Changes
from pyvrrp.simulator.world.engine import Engine


@dataclass(slots=True)
class HostLink:
    """The link of one host: whether it is up, and how it loses, delays or doubles frames."""

    up: bool = True
    loss_in: float = 0.0
    loss_out: float = 0.0
    slower_by: int = 0  # ns
    slower_at_random: int = 0  # ns
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_by: int = 0  # ns
    reflects: bool = False

    @property
    def orderly(self) -> bool:
        """Whether every frame passes, once or twice, within the scenario's ordinary delay."""
        return (
            self.up
            and not self.loss_in
            and not self.loss_out
            and not self.slower_by
            and not self.slower_at_random
            and not self.reorder
        )


@dataclass(slots=True, eq=False)
class Station:
    """One host on a segment. ``packet`` and ``frame`` are called with what arrives for it.

    A host that ignores packets has no ``packet``.
    """

    host: str
    switch: int
    link: HostLink
    packet: Callable[[bytes], None] | None
    frame: Callable[[bytes], None]


@dataclass(slots=True)
class _Paths:
    """Where the frames of one host go as long as no link and no partition changes."""

    tables: tuple[dict[bytes, str], ...]  # of the switches that see its frames
    targets: tuple[
        tuple[Station, bool], ...
    ]  # and whether each frame arrives once, in the ordinary time


class SimulatedSegment:
    """One segment: its stations in the order in which they were attached."""

    def __init__(
        self, engine: Engine, random: Random, network_delay: NetworkDelay, changes: Changes
    ) -> None:
        self.stations: dict[str, Station] = {}
        self.loses = False  # whether any link loses frames by chance
        self._changes = changes
        self._engine = engine
        self._random = random.random
        self._delay = int(network_delay.delay)
        self._jitter = int(network_delay.jitter)
        self._blocked: dict[
            tuple[str, str], int
        ] = {}  # why no frame gets through: the number of reasons
        self._tables: dict[int, dict[bytes, str]] = {}  # by switch
        self._paths: dict[str, _Paths] = {}

    def attach(self, station: Station) -> None:
        """Connect a host to its switch."""
        self.stations[station.host] = station
        self._tables.setdefault(station.switch, {})
        self._changed()

    def set_link(self, host: str, link: HostLink) -> None:
        """Replace the link of *host*."""
        self.stations[host].link = link
        self._changed()

    def block(self, source: str, target: str) -> None:
        """Let no frame from *source* reach *target*, until as many calls of `unblock`."""
        self._blocked[source, target] = self._blocked.get((source, target), 0) + 1
        self._changed()

    def unblock(self, source: str, target: str) -> None:
        """Undo one `block`."""
        left = self._blocked.get((source, target), 0) - 1
        if left > 0:
            self._blocked[source, target] = left
        else:
            self._blocked.pop((source, target), None)
        self._changed()

    def _changed(self) -> None:
        self._paths.clear()
        self._changes.note()
        links = (station.link for station in self.stations.values())
        self.loses = any(link.loss_in or link.loss_out for link in links)

    def connected(self, source: str, target: str) -> bool:
        """Whether any frame from *source* can reach *target* now."""
        ends = self.stations.get(source), self.stations.get(target)
        up = all(end is not None and end.link.up for end in ends)
        return up and (source, target) not in self._blocked

    def multicast_packet(self, source: str, packet: bytes, mac: bytes) -> None:
        """Carry an IP multicast packet to all hosts."""
        link = self.stations[source].link
        for target, in_order in self._targets(source, mac):
            self._carry(link, target, target.packet, packet, in_order=in_order)

    def broadcast_frame(self, source: str, frame: bytes, mac: bytes) -> None:
        """Carry an Ethernet frame to all hosts."""
        link = self.stations[source].link
        for target, in_order in self._targets(source, mac):
            self._carry(link, target, target.frame, frame, in_order=in_order)

    def passes(self, source: str, target: str) -> bool:
        """Draw whether one frame from *source* reaches *target* now."""
        if not self.connected(source, target):
            return False
        out, into = self.stations[source].link.loss_out, self.stations[target].link.loss_in
        return not self._happens(out) and not self._happens(into)

    def leads_to(self, source: str, mac: bytes, owner: str) -> bool:
        """Whether the switches carry a frame of *source* for *mac* to its *owner*."""
        for switch in self._switches(source, owner):
            known = self._tables[switch].get(mac)
            if known is not None and known != owner:
                return False  # the table sends it to another port
        return True

    def _targets(self, source: str, mac: bytes) -> Iterable[tuple[Station, bool]]:
        paths = self._paths.get(source)
        if paths is None:
            paths = self._paths[source] = self._find_paths(self.stations[source])
        for table in paths.tables:
            if table.get(mac) != source:
                table[mac] = source
                self._changes.note()
        return paths.targets

    def _find_paths(self, sender: Station) -> _Paths:
        source, link = sender.host, sender.link
        if not link.up:
            return _Paths((), ())
        tables = (
            table
            for switch, table in self._tables.items()
            if switch == sender.switch or self._reaches_switch(source, switch)
        )
        targets = (
            (station, _in_order(link, station.link))
            for station in self.stations.values()
            if (link.reflects if station is sender else self._hears(source, station))
        )
        return _Paths(tuple(tables), tuple(targets))

    def _hears(self, source: str, station: Station) -> bool:
        return station.link.up and (source, station.host) not in self._blocked

    def _reaches_switch(self, source: str, switch: int) -> bool:
        return any(
            station.switch == switch and (source, station.host) not in self._blocked
            for station in self.stations.values()
            if station.host != source
        )

    def _switches(self, source: str, target: str) -> Iterator[int]:
        first, last = self.stations[source].switch, self.stations[target].switch
        step = 1 if last >= first else -1
        return (switch for switch in range(first, last + step, step) if switch in self._tables)

    def _carry(
        self,
        sender: HostLink,
        target: Station,
        deliver: Callable[[bytes], None] | None,
        octets: bytes,
        *,
        in_order: bool,
    ) -> None:
        if in_order:
            delay = self._delay + int(self._random() * self._jitter)
            if deliver is not None:
                self._engine.after(delay, _arrive, target, deliver, octets)
            return
        link = target.link
        if self._happens(sender.loss_out) or self._happens(link.loss_in):
            return
        for _ in range(2 if self._happens(max(sender.duplicate, link.duplicate)) else 1):
            delay = self._delay + int(self._random() * self._jitter)
            delay += sender.slower_by + link.slower_by
            spread = sender.slower_at_random + link.slower_at_random
            if spread:
                delay += int(self._random() * spread)
            if self._happens(max(sender.reorder, link.reorder)):
                delay += max(sender.reorder_by, link.reorder_by)
            if deliver is not None:
                self._engine.after(delay, _arrive, target, deliver, octets)

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random() < chance


def _in_order(one: HostLink, other: HostLink) -> bool:
    """Whether each frame between the two arrives once, in the ordinary time."""
    return one.orderly and other.orderly and not (one.duplicate or other.duplicate)


def _arrive(station: Station, deliver: Callable[[bytes], None], octets: bytes) -> None:
    if station.link.up:
        deliver(octets)
