"""The interfaces of a node on its segments, and the sockets that are open on them."""

import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, Place, VirtualRouterId
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim
from pyvrrp.packet.neighbours.neighbor_advertisement import neighbor_claim
from pyvrrp.ports import AdvertisementSocket, AnnouncementSocket, Claim
from pyvrrp.simulator.world.machine.kernel import SimulatedKernel
from pyvrrp.simulator.world.machine.process import ProcessLife, SimulatedProcess
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement, seen_in
from pyvrrp.simulator.world.network.segment import SimulatedSegment
from pyvrrp.simulator.world.trace import Trace

BUFFER = 256  # packets; a socket of 208 kB holds about as many advertisements


class TrafficObserver:
    """Is told what nodes send and read, and ignores it."""

    def advertisement_sent(self, card: "NetworkCard", seen: SeenAdvertisement) -> None:
        """A node is sending one."""

    def announcement_sent(self, card: "NetworkCard", frame: bytes) -> None:
        """A node is sending one."""

    def packet_queued(self, card: "NetworkCard", seen: SeenAdvertisement) -> None:
        """A valid advertisement has arrived at the node's socket."""

    def packet_taking(self, card: "NetworkCard", seen: SeenAdvertisement) -> None:
        """The daemon is about to read one."""

    def packet_taken(self, card: "NetworkCard", seen: SeenAdvertisement) -> None:
        """The daemon has read one and has reacted to it."""


class GuardianEar(Protocol):
    """The guardian of a dead daemon, which hears what arrives."""

    def packet(self, card: "NetworkCard", packet: bytes) -> None:
        """Hear an advertisement."""

    def frame(self, card: "NetworkCard", frame: bytes) -> None:
        """Hear an announcement."""


@dataclass(slots=True, eq=False)
class NetworkCard:
    """One interface of a node on its segment, and the sockets that are open on it.

    ``ears`` are those of guardians that hand over.

    ``sent`` is shared by all cards: the newest advertisement of each virtual router. ``refuses``
    is a fault: nothing can be sent (a firewall, a full queue).
    """

    node: str
    place: Place
    kernel: SimulatedKernel
    segment: SimulatedSegment
    sent: dict[VirtualRouterId, bytes]
    trace: Trace
    observer: TrafficObserver
    advertisements: "dict[Family, SimulatedAdvertisementSocket]" = field(default_factory=dict)
    announcements: "list[SimulatedAnnouncementSocket]" = field(default_factory=list)
    ears: "list[GuardianEar]" = field(default_factory=list)
    refuses: bool = False

    def packet(self, packet: bytes) -> None:
        """Receive a packet."""
        family = Family.IPV4 if packet[:1] and packet[0] >> 4 != 6 else Family.IPV6  # noqa: PLR2004 - IPv6
        socket = self.advertisements.get(family)
        if self.kernel.suspended or not self._is_for_us(packet, family):
            return
        if socket is not None:
            socket.take(packet)
        for ear in tuple(self.ears):
            ear.packet(self, packet)

    def _is_for_us(self, packet: bytes, family: Family) -> bool:
        """Whether the packet is addressed to this node; simulated switches flood everything."""
        at, groups = (16, range(224, 240)) if family is Family.IPV4 else (24, range(255, 256))
        octets = packet[at : at + family]
        if len(octets) < family or octets[0] in groups:
            return True
        addresses = self.kernel.interfaces[self.place].state().addresses
        return any(address.ip.packed == octets for address in addresses)

    def frame(self, frame: bytes) -> None:
        """Receive a frame."""
        if self.kernel.suspended:
            return
        for ear in tuple(self.ears):
            ear.frame(self, frame)
        if self.announcements:
            claim = claim_of(frame)
            if claim is not None:
                for socket in tuple(self.announcements):
                    socket.take(claim)

    def require_sending(self, index: int) -> None:
        """Raise KernelError where Linux would, for a socket on the interface of *index*."""
        interface = self.kernel.interfaces[self.place]
        if not interface.exists or interface.index != index:
            raise KernelError(f"cannot send on {self.place}: No such device", errno.ENODEV)
        if self.refuses:
            raise KernelError(f"cannot send on {self.place}: Operation not permitted", errno.EPERM)

    def advertise(self, packet: bytes) -> None:
        """Send an advertisement to all hosts of the segment."""
        seen = seen_in(packet)
        self.sent[VirtualRouterId(self.place, seen.family, seen.vrid)] = packet
        if self.trace.detailed:
            said = f"advertises VRID {seen.vrid}, priority {seen.priority}"
            self.trace.note(
                self.node, "advertisement", said, vrid=seen.vrid, priority=seen.priority
            )
        self.observer.advertisement_sent(self, seen)
        mac = self.kernel.interfaces[self.place].mac
        self.segment.multicast_packet(self.node, packet, mac)


class SimulatedAdvertisementSocket(AdvertisementSocket):
    """The advertisements of one family; they wait while the process is stopped."""

    def __init__(
        self, process: SimulatedProcess, card: NetworkCard, receive: Callable[[bytes], None]
    ) -> None:
        self._process = process
        self._card = card
        self._index = card.kernel.interfaces[card.place].index
        self._receive = receive
        self._queue: deque[bytes] = deque()
        self._closed = False

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one packet; each receiving card looks whether it is addressed to it."""
        del destination
        self._card.require_sending(self._index)
        self._card.advertise(packet)

    def take(self, packet: bytes) -> None:
        """Receive a packet; it is lost if the buffer is full."""
        queue, card = self._queue, self._card
        if queue or self._process.life is not ProcessLife.RUNNING:
            if len(queue) < BUFFER:
                card.observer.packet_queued(card, seen_in(packet))
                queue.append(packet)
                self._process.io(self.drain)
        else:
            seen = seen_in(packet)
            card.observer.packet_queued(card, seen)
            self._deliver(packet, seen)

    def drain(self) -> None:
        """Deliver what is queued."""
        while self._queue and not self._closed:
            packet = self._queue.popleft()
            self._deliver(packet, seen_in(packet))

    def _deliver(self, packet: bytes, seen: SeenAdvertisement) -> None:
        card = self._card
        card.observer.packet_taking(card, seen)
        self._receive(packet)
        card.observer.packet_taken(card, seen)

    def deliver_unseen(self, packet: bytes) -> None:
        """Have the daemon read a packet that no node has sent."""
        self._receive(packet)

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        """Nothing is filtered here: the buffer never overflows while the process runs."""

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists."""
        interface = self._card.kernel.interfaces[self._card.place]
        return interface.exists and interface.index == self._index

    def close(self) -> None:
        """Receive nothing more."""
        self._closed = True
        for family, socket in tuple(self._card.advertisements.items()):
            if socket is self:
                del self._card.advertisements[family]


class SimulatedAnnouncementSocket(AnnouncementSocket):
    """Announcements to the neighbours, and those of other hosts."""

    def __init__(
        self, process: SimulatedProcess, card: NetworkCard, claimed: Callable[[Claim], None]
    ) -> None:
        self._process = process
        self._card = card
        self._index = card.kernel.interfaces[card.place].index
        self._claimed = claimed
        self._watched: frozenset[Address] = frozenset()

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        card = self._card
        card.require_sending(self._index)
        card.observer.announcement_sent(card, frame)
        card.segment.broadcast_frame(card.node, frame, frame[6:12])

    def watch(self, addresses: frozenset[Address]) -> None:
        """Report claims of these."""
        self._watched = addresses

    def take(self, claim: Claim) -> None:
        """Receive the claim of another host to an address."""
        if claim.address in self._watched:
            self._process.io(self._claimed, claim)

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists."""
        interface = self._card.kernel.interfaces[self._card.place]
        return interface.exists and interface.index == self._index

    def close(self) -> None:
        """Receive nothing more."""
        if self in self._card.announcements:
            self._card.announcements.remove(self)


@lru_cache(maxsize=1024)
def claim_of(frame: bytes) -> Claim | None:
    """Return what an announcement claims, as a neighbour reads it; None for a question."""
    found = arp_claim(frame) or neighbor_claim(frame)
    return None if found is None else Claim(*found)
