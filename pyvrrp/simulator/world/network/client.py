"""A client: it sends packets to addresses and learns from announcements where they are."""

from dataclasses import dataclass, field
from random import Random

from pyvrrp.identity import Address, InterfaceAddress, Place
from pyvrrp.simulator.world.changes import Changes
from pyvrrp.simulator.world.network.owners import AddressOwners
from pyvrrp.simulator.world.network.segment import SimulatedSegment
from pyvrrp.simulator.world.network.sockets import claim_of
from pyvrrp.units import SECOND, Nanoseconds

# Linux: five seconds in DELAY and three unicast probes, one a second, before it asks all.
FORGETS_AFTER = Nanoseconds(8 * SECOND)


@dataclass(slots=True)
class _Neighbour:
    mac: bytes
    failing_since: int | None = None


@dataclass(slots=True, eq=False)
class SimulatedClient:
    """Sends to the virtual addresses of its segment; ``reached``: the nodes that answered last."""

    name: str
    mac: bytes
    place: Place
    period: int  # from one packet to the next, in nanoseconds
    segment: SimulatedSegment
    owners: AddressOwners
    addresses: tuple[InterfaceAddress, ...]
    random: Random
    changes: Changes
    reached: dict[InterfaceAddress, str | None] = field(default_factory=dict)
    _neighbours: dict[Address, _Neighbour] = field(default_factory=dict)
    _answered_at: int = -1  # the number of changes when all its packets were answered

    def frame(self, frame: bytes) -> None:
        """Update the neighbour table from an announcement, which adds no entry."""
        claim = claim_of(frame)
        if claim is not None and claim.address in self._neighbours:
            entry = self._neighbours[claim.address]
            if entry.mac != claim.mac:
                self._neighbours[claim.address] = _Neighbour(claim.mac)
                self._answered_at = -1

    def send(self, now: int) -> list[tuple[InterfaceAddress, str | None]]:
        """Send one packet to each address; return the addresses that another node answers now.

        If nothing has changed and no link loses frames, the same nodes answer again.
        """
        if self._answered_at == self.changes.number and not self.segment.loses:
            return []
        changed: list[tuple[InterfaceAddress, str | None]] = []
        for address in self.addresses:
            who = self._send_to(address, now)
            if address not in self.reached or self.reached[address] != who:
                self.reached[address] = who
                changed.append((address, who))
        answered = None not in self.reached.values()
        self._answered_at = self.changes.number if answered else -1
        return changed

    def _send_to(self, address: InterfaceAddress, now: int) -> str | None:
        entry = self._neighbours.get(address.ip)
        if entry is None:
            entry = self._ask(address)
            if entry is None:
                return None
        host = self.owners.host_of(entry.mac)
        if (
            host is not None
            and self.segment.passes(self.name, host)
            and self.segment.leads_to(self.name, entry.mac, host)
            and self.owners.answers(host, address)
            and self.segment.passes(host, self.name)
        ):
            entry.failing_since = None
            return host
        if entry.failing_since is None:
            entry.failing_since = now
        elif now - entry.failing_since >= FORGETS_AFTER:
            del self._neighbours[address.ip]
        return None

    def _ask(self, address: InterfaceAddress) -> _Neighbour | None:
        answered = [
            host
            for host in self.owners.holders(address)
            if self.segment.passes(self.name, host) and self.segment.passes(host, self.name)
        ]
        if not answered:
            return None
        # The last answer is believed (RFC 826).
        entry = _Neighbour(self.owners.mac_of(answered[int(self.random.random() * len(answered))]))
        self._neighbours[address.ip] = entry
        return entry
