"""The sockets of one process: what arrives while it is stopped waits, within the kernel's limit."""

import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, Place
from pyvrrp.packet.gratuitous_arp import arp_claim
from pyvrrp.packet.neighbor_advertisement import neighbor_claim
from pyvrrp.ports import AdvertisementSocket, AnnouncementSocket, Claim, Sockets
from pyvrrp.simulator.world.kernel import SimulatedKernel
from pyvrrp.simulator.world.network import SimulatedSegment
from pyvrrp.simulator.world.process import SimulatedProcess

BUFFER = 256  # packets; a socket of 208 kB holds about as many advertisements


class TrafficObserver(Protocol):
    """Whoever wants to know what is on the wire."""

    def advertisement_sent(self, node: str, place: Place, packet: bytes) -> None:
        """One is leaving the node."""

    def announcement_sent(self, node: str, place: Place, frame: bytes) -> None:
        """One is leaving the node."""

    def packet_queued(self, node: str, place: Place, packet: bytes) -> None:
        """One has come to the node's socket."""

    def packet_taking(self, node: str, place: Place, packet: bytes) -> None:
        """The daemon is about to read one."""

    def packet_taken(self, node: str, place: Place, packet: bytes) -> None:
        """The daemon has read one and has done what it wanted about it."""

    def packet_lost(self, node: str, place: Place, packet: bytes) -> None:
        """The socket was full."""


@dataclass(slots=True, eq=False)
class NetworkCard:
    """One interface of a node on its segment, and the sockets that are open on it.

    ``refuses`` is a fault: nothing can be sent (a firewall, a full queue).
    """

    node: str
    place: Place
    kernel: SimulatedKernel
    wire: SimulatedSegment
    observer: TrafficObserver
    advertisements: "dict[Family, SimulatedAdvertisementSocket]"
    announcements: "list[SimulatedAnnouncementSocket]"
    refuses: bool = False

    def packet(self, packet: bytes) -> None:
        """Take a packet from the wire."""
        family = Family.IPV4 if packet[:1] and packet[0] >> 4 != 6 else Family.IPV6  # noqa: PLR2004 - IPv6
        if not self._addressed(packet, family):
            return
        socket = self.advertisements.get(family)
        if socket is not None and not self.kernel.suspended:
            socket.take(packet)

    def _addressed(self, packet: bytes, family: Family) -> bool:
        """Whether the card hands the packet on; the switches here flood everything."""
        kind, at = (IPv4Address, 16) if family is Family.IPV4 else (IPv6Address, 24)
        octets = packet[at : at + family]
        if len(octets) < family or kind(octets).is_multicast:
            return True
        addresses = self.kernel.interfaces[self.place].state().addresses
        return any(address.ip.packed == octets for address in addresses)

    def frame(self, frame: bytes) -> None:
        """Take a frame from the wire."""
        if self.announcements and not self.kernel.suspended:
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


class SimulatedAdvertisementSocket(AdvertisementSocket):
    """The advertisements of one family."""

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
        """Send one packet; the cards of others look whether it is for them."""
        del destination
        card = self._card
        card.require_sending(self._index)
        card.observer.advertisement_sent(card.node, card.place, packet)
        card.wire.multicast_packet(card.node, packet, card.kernel.interfaces[card.place].mac)

    def take(self, packet: bytes) -> None:
        """A packet has arrived."""
        card = self._card
        if len(self._queue) >= BUFFER:
            card.observer.packet_lost(card.node, card.place, packet)
            return
        card.observer.packet_queued(card.node, card.place, packet)
        self._queue.append(packet)
        self._process.io(self.drain)

    def drain(self) -> None:
        """Deliver what is queued."""
        while self._queue and not self._closed:
            packet = self._queue.popleft()
            self._card.observer.packet_taking(self._card.node, self._card.place, packet)
            self._receive(packet)
            self._card.observer.packet_taken(self._card.node, self._card.place, packet)

    def deliver_unseen(self, packet: bytes) -> None:
        """Have the daemon read a packet that nobody sent."""
        self._receive(packet)

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        """Nothing is filtered here: the buffer never overflows while the process runs."""

    def close(self) -> None:
        """Hear no more."""
        self._closed = True
        for family, socket in tuple(self._card.advertisements.items()):
            if socket is self:
                del self._card.advertisements[family]


class SimulatedAnnouncementSocket(AnnouncementSocket):
    """Frames to the neighbours, and rivals heard."""

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
        card.observer.announcement_sent(card.node, card.place, frame)
        card.wire.broadcast_frame(card.node, frame, frame[6:12])

    def watch(self, addresses: frozenset[Address]) -> None:
        """Report claims of these."""
        self._watched = addresses

    def take(self, claim: Claim) -> None:
        """Somebody on the wire claims an address."""
        if claim.address in self._watched:
            self._process.io(lambda: self._claimed(claim))

    def close(self) -> None:
        """Hear no more."""
        if self in self._card.announcements:
            self._card.announcements.remove(self)


class ProcessSockets(Sockets):
    """The sockets port of one process."""

    def __init__(self, process: SimulatedProcess, cards: dict[Place, NetworkCard]) -> None:
        self._process = process
        self._cards = cards

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> SimulatedAdvertisementSocket:
        """Open one; the switches here flood, so that membership makes no difference."""
        del multicast, unicast
        socket = SimulatedAdvertisementSocket(self._process, self._card(place), receive)
        self._cards[place].advertisements[family] = socket
        return socket

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> SimulatedAnnouncementSocket:
        """Open one."""
        socket = SimulatedAnnouncementSocket(self._process, self._card(place), claimed)
        self._cards[place].announcements.append(socket)
        return socket

    def _card(self, place: Place) -> NetworkCard:
        card = self._cards.get(place)
        if card is None or not card.kernel.interfaces[place].exists:
            raise KernelError(f"cannot open a socket on {place}: No such device", errno.ENODEV)
        return card


@lru_cache(maxsize=1024)
def claim_of(frame: bytes) -> Claim | None:
    """Return what an announcement says, read as a neighbour reads it; None for a mere question."""
    found = arp_claim(frame) or neighbor_claim(frame)
    return None if found is None else Claim(*found)
