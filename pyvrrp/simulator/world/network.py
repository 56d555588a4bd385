"""Segments of a network: switches in a row, the links of hosts to them, and what links do.

Frames are carried from one host to each other host. What can go wrong on the way is a property of
the links at the two ends and of the pair (a partition); the switches between them learn addresses.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random

from pyvrrp.simulator.scenario.scenario import NetworkDelay
from pyvrrp.simulator.world.engine import Engine


@dataclass(slots=True)
class HostLink:
    """What the link of one host does to the frames of one direction, and whether it is up."""

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
    """One host's place on a segment. ``packet`` and ``frame`` take what arrives for it."""

    host: str
    switch: int
    link: HostLink
    packet: Callable[[bytes], None]
    frame: Callable[[bytes], None]


@dataclass(slots=True, eq=False)
class SimulatedSegment:
    """One segment: its stations in the order in which they were attached, and who hears whom.

    ``blocked`` counts the reasons why frames from one host do not reach another.
    """

    engine: Engine
    random: Random
    network_delay: NetworkDelay
    stations: dict[str, Station] = field(default_factory=dict)
    blocked: dict[tuple[str, str], int] = field(default_factory=dict)
    tables: dict[int, dict[bytes, str]] = field(default_factory=dict)  # by switch

    def attach(self, station: Station) -> None:
        """Plug a host into its switch."""
        self.stations[station.host] = station
        self.tables.setdefault(station.switch, {})

    def block(self, source: str, target: str) -> None:
        """Let nothing from *source* reach *target*, until as many unblocks."""
        self.blocked[source, target] = self.blocked.get((source, target), 0) + 1

    def unblock(self, source: str, target: str) -> None:
        """Take one reason away."""
        left = self.blocked.get((source, target), 0) - 1
        if left > 0:
            self.blocked[source, target] = left
        else:
            self.blocked.pop((source, target), None)

    def connected(self, source: str, target: str) -> bool:
        """Whether any frame from *source* can reach *target* now."""
        ends = self.stations.get(source), self.stations.get(target)
        up = all(end is not None and end.link.up for end in ends)
        return up and (source, target) not in self.blocked

    def multicast_packet(self, source: str, packet: bytes, mac: bytes) -> None:
        """Carry an IP multicast packet to everybody."""
        for target in self._targets(source, mac):
            self._carry(self.stations[source].link, target, target.packet, packet)

    def broadcast_frame(self, source: str, frame: bytes, mac: bytes) -> None:
        """Carry an Ethernet frame to everybody."""
        for target in self._targets(source, mac):
            self._carry(self.stations[source].link, target, target.frame, frame)

    def passes(self, source: str, target: str) -> bool:
        """Whether one frame from *source* reaches *target* now; draws the loss of both links."""
        if not self.connected(source, target):
            return False
        out, into = self.stations[source].link.loss_out, self.stations[target].link.loss_in
        return not self._lost(out) and not self._lost(into)

    def leads_to(self, source: str, mac: bytes, owner: str) -> bool:
        """Whether a frame of *source* for *mac* comes out where its *owner* is plugged in."""
        for switch in self._path(source, owner):
            known = self.tables[switch].get(mac)
            if known is not None and known != owner:
                return False  # the table sends it to another port
        return True

    def _targets(self, source: str, mac: bytes) -> Iterator[Station]:
        sender = self.stations[source]
        if not sender.link.up:
            return
        for switch, table in self.tables.items():
            if switch == sender.switch or self._reaches_switch(source, switch):
                table[mac] = source
        for station in self.stations.values():
            if station is sender:
                if sender.link.reflects:
                    yield station
            elif station.link.up and (source, station.host) not in self.blocked:
                yield station

    def _reaches_switch(self, source: str, switch: int) -> bool:
        return any(
            station.switch == switch and (source, station.host) not in self.blocked
            for station in self.stations.values()
            if station.host != source
        )

    def _path(self, source: str, target: str) -> Iterator[int]:
        first, last = self.stations[source].switch, self.stations[target].switch
        step = 1 if last >= first else -1
        return (switch for switch in range(first, last + step, step) if switch in self.tables)

    def _carry(
        self, sender: HostLink, target: Station, deliver: Callable[[bytes], None], octets: bytes
    ) -> None:
        link = target.link
        if self._lost(sender.loss_out) or self._lost(link.loss_in):
            return
        for _ in range(2 if self._lost(max(sender.duplicate, link.duplicate)) else 1):
            delay = self.network_delay.delay + int(self.random.random() * self.network_delay.jitter)
            delay += sender.slower_by + link.slower_by
            spread = sender.slower_at_random + link.slower_at_random
            if spread:
                delay += int(self.random.random() * spread)
            if self._lost(max(sender.reorder, link.reorder)):
                delay += max(sender.reorder_by, link.reorder_by)
            self.engine.at(self.engine.now + delay, partial(_arrive, link, deliver, octets))

    def _lost(self, chance: float) -> bool:
        return chance > 0 and self.random.random() < chance


def _arrive(link: HostLink, deliver: Callable[[bytes], None], octets: bytes) -> None:
    if link.up:
        deliver(octets)
