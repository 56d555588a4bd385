"""One network device: its state, its sockets, and the links that stand on it.

The sockets are shared by all links. A packet is judged here once. An advertisement that is byte for
byte one that was accepted before costs one look-up. What changes more than a deadline goes to its
link in the same callback: no queue and no task lies between the socket and `step`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, InterfaceAddress, Place
from pyvrrp.packet.examination import LARGEST_REMEMBERED
from pyvrrp.packet.reception import Accepted, Discarded, DiscardReason, Examined, examine
from pyvrrp.ports import (
    AdvertisementSocket,
    AnnouncementSocket,
    Claim,
    Handle,
    InterfaceState,
    Ports,
)
from pyvrrp.runtime.base.counters import INTERFACE_COUNTERS, Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.heard_packet import HeardPacket
from pyvrrp.runtime.links.kept_socket import KeptSocket
from pyvrrp.runtime.links.same_device import Devices
from pyvrrp.runtime.links.shared_wakeups import SharedWakeUps
from pyvrrp.runtime.links.source_address import source_address
from pyvrrp.units import SECOND, Nanoseconds

SMALLEST_IPV6_MTU = 1280  # RFC 8200 section 5: below it Linux turns IPv6 off on the interface
WATCH_AGAIN_AFTER = SECOND
ODD_REMEMBERED = 8
REMEMBERED_PER_LINK = 4  # packets; forged ones cost a fresh judgement of the others, nothing else


class Listener(Protocol):
    """A link as its interface sees it."""

    family: Family
    vrid: int
    peers: tuple[Address, ...]
    min_ttl: int

    def inspect(self, state: InterfaceState) -> None:
        """Tell apart the addresses that are ours to manage from the operator's own."""

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses here that are ours to add and remove."""

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface as it is now, and of the address to send from."""

    def judge(self, examined: Examined) -> Accepted | Discarded:
        """Judge an advertisement for this VRID that is sound in itself; nothing is changed."""

    def receive(self, heard: HeardPacket) -> None:
        """Take an accepted advertisement; the same one may come again and again."""

    def discard(self, discarded: Discarded) -> None:
        """Take note of a packet for this VRID that is no advertisement."""

    def overhear(self, examined: Examined) -> bool:
        """Take note of an advertisement for another VRID; return whether it concerns this one."""


class Claimant(Protocol):
    """A part that wants to know which other host has an address."""

    def address_claimed(self, claim: Claim) -> None:
        """Take note that another host says that one of the watched addresses is its own."""


class Interface:
    """The one owner of a network device's sockets.

    *devices* are shared by all interfaces of the daemon.
    """

    def __init__(
        self, place: Place, ports: Ports, journal: Journal, devices: "Devices[Interface]"
    ) -> None:
        self.place = place
        self.state = InterfaceState()
        self.counters = Counters(INTERFACE_COUNTERS)
        self._ports = ports
        self._journal = journal
        self._devices = devices
        self._links: dict[tuple[Family, int], Listener] = {}
        self._sockets: dict[Family, KeptSocket[AdvertisementSocket]] = {}
        self._opened_for: dict[Family, tuple[bool, bool]] = {}  # multicast, unicast
        self._announcements: KeptSocket[AnnouncementSocket] = KeptSocket(
            ports.clock, self._open_announcements, self._tell_links
        )
        self._device: tuple[int, int, int] | None = None  # as it was reported last
        self._replaced = 0  # how often the sockets have shown that the interface is another one
        self._known: dict[bytes, HeardPacket] = {}
        self._odd: deque[bytes] = deque()  # those in _known that differ from the configuration here
        self._foreign: set[bytes] = set()  # advertisements of other VRIDs that concern no link
        self._wake_ups: dict[Nanoseconds, SharedWakeUps] = {}
        self._watching: Handle | None = None
        self._watched: dict[Claimant, frozenset[Address]] = {}
        self._watch = DeadlineTimer(ports.clock, self._watch_now)

    def add(self, link: Listener) -> None:
        """Have *link* stand on this interface, from `start` on."""
        self._links[link.family, link.vrid] = link
        if link.family not in self._sockets:
            open_it = partial(self._open_advertisements, link.family)
            self._sockets[link.family] = KeptSocket(self._ports.clock, open_it, self._tell_links)

    def begin_with(self, link: Listener) -> None:
        """Have *link*, which was added after `start`, take part."""
        self._renew_socket(link.family)
        if self._device is not None:
            self._keep_sockets()
        self._tell_links()

    def remove(self, link: Listener) -> None:
        """Have *link* stand on this interface no longer. The sockets that others use stay open."""
        del self._links[link.family, link.vrid]
        self.forget_judgements()
        if self.is_used_by(link.family):
            self._renew_socket(link.family)
        else:
            self._sockets.pop(link.family).close()
        for other in self._devices.all_names_of(self):
            if other is not self:
                other.look_again()

    def is_used_by(self, family: Family | None = None) -> bool:
        """Return whether a link stands on it, of *family* if that is given."""
        return any(family in {None, link.family} for link in self._links.values())

    def start(self) -> None:
        """Look at the interface from now on."""
        self._watching = self._ports.links.watch(self.place, self._changed)

    def stop(self) -> None:
        """Close everything."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._close()
        self._devices.note(self, None)

    def send(self, family: Family, packet: bytes, destination: Address) -> None:
        """Send one advertisement; raise KernelError if that is not possible."""
        socket = self._sockets[family].socket
        if socket is None:
            raise KernelError(f"cannot send from {self.place}: {self._why_closed(family)}")
        socket.send(packet, destination)

    def drain(self, family: Family) -> None:
        """Deliver at once what is queued in the socket of *family*."""
        socket = self._sockets[family].socket
        if socket is not None:
            socket.drain()

    def wake_ups(self, interval: Nanoseconds) -> SharedWakeUps:
        """Return what the masters on this interface that advertise every *interval* share."""
        if interval not in self._wake_ups:
            self._wake_ups[interval] = SharedWakeUps(interval)
        return self._wake_ups[interval]

    def forget_judgements(self) -> None:
        """Judge every packet anew: what a link accepts has changed."""
        self._known.clear()
        self._odd.clear()
        self._foreign.clear()

    def announce(self, frame: bytes) -> None:
        """Send one frame to the neighbours; raise KernelError if that is not possible."""
        socket = self._announcements.socket
        if socket is None:
            raise KernelError(f"cannot announce on {self.place}: {self._why_closed(None)}")
        if self.state.arp:
            socket.send(frame)

    def mac(self) -> bytes:
        """Return the interface's hardware address."""
        return self.state.mac

    def watch(self, claimant: Claimant, addresses: Iterable[Address]) -> None:
        """Tell *claimant* of other hosts that claim *addresses*; none: stop watching for it."""
        watched = frozenset(addresses)
        if watched:
            self._watched[claimant] = watched
        elif self._watched.pop(claimant, None) is None:
            return
        # In the next turn of the loop: once for all virtual routers that take over together.
        self._watch.set(self._ports.clock.now())

    def _watch_now(self) -> None:
        socket = self._announcements.socket
        if socket is None:
            return
        try:
            socket.watch(frozenset().union(*self._watched.values()))
        except KernelError as error:
            self._journal.warn_rarely("watch_refused", str(error), topic=str(self.place))
            self._watch.set(Nanoseconds(self._ports.clock.now() + WATCH_AGAIN_AFTER))

    def _changed(self, state: InterfaceState) -> None:
        if state.exists and state.device == self._device and not self._is_attached():
            # Events were lost, and another interface has the index of the one before.
            self._replaced += 1
        self._device = state.device if state.exists else None
        if self._replaced:
            state = replace(state, generation=state.generation + self._replaced)
        self.state = state
        self._keep_sockets()
        known = state.exists and state.namespace
        self._devices.note(self, (state.namespace, state.index) if known else None)
        self._tell_links()

    def uses(self, family: Family, vrid: int) -> bool:
        """Return whether a virtual router with this VRID is on it under this name."""
        return (family, vrid) in self._links

    def look_again(self) -> None:
        """Tell the virtual routers the state once more.

        Another name of the interface has gone, or a virtual router has another configuration.
        """
        self._tell_links()

    def expect_anew(self, family: Family) -> None:
        """Have the socket of *family* let through what the links accept now."""
        self._renew_socket(family)

    def managed(self) -> set[Address]:
        """Return the virtual addresses that are ours to add and remove under this name."""
        return {address.ip for link in self._links.values() for address in link.managed()}

    def _is_attached(self) -> bool:
        kept = [one.socket for one in self._sockets.values()]
        opened = (*kept, self._announcements.socket)
        return all(socket is None or socket.is_attached() for socket in opened)

    def _keep_sockets(self) -> None:
        state = self.state
        if not state.exists:
            self._close()
            return
        circumstances = (state.up, state.mtu)
        self._announcements.open_for(state.device, circumstances)
        for family, kept in self._sockets.items():
            if family is Family.IPV6 and state.mtu < SMALLEST_IPV6_MTU:
                # Its memberships are gone for good: with a larger MTU it must be opened anew.
                kept.close(
                    f"no IPv6 with an MTU of {state.mtu} octets, it needs {SMALLEST_IPV6_MTU}"
                )
            else:
                kept.open_for(state.device, circumstances)

    def _tell_links(self) -> None:
        for link in self._links.values():
            link.inspect(self.state)
        own = self._own_addresses()
        seen = {family: self._as_seen_by(family) for family in self._sockets}
        for link in tuple(self._links.values()):
            primary, state = None, seen[link.family]
            if refusal := self._devices.refusal(self, link.family, link.vrid):
                self._report_refusal(refusal)
                # Under this name there is none: what is on it belongs to the other name.
                state = InterfaceState(obstacle=refusal)
            elif self._is_open(link.family):
                primary = source_address(own, link.family, link.peers)
            link.interface_changed(state, primary)

    def _as_seen_by(self, family: Family) -> InterfaceState:
        """Return the state for the links of *family*: another family may work although it fails."""
        if not self.state.exists or self._is_open(family):
            return self.state
        refusal = self._why_closed(family)
        self._report_refusal(refusal)
        return replace(self.state, obstacle=refusal)

    def _report_refusal(self, refusal: str) -> None:
        topic = f"{self.place} {refusal}"
        self._journal.warn_rarely("sockets_refused", refusal, topic=topic)

    def _is_open(self, family: Family) -> bool:
        return self._sockets[family].socket is not None and self._announcements.socket is not None

    def _why_closed(self, family: Family | None) -> str:
        refusal = "" if family is None else self._sockets[family].refusal
        return refusal or self._announcements.refusal or "no such interface"

    def _open_announcements(self) -> AnnouncementSocket:
        socket = self._ports.sockets.open_announcements(self.place, self._claimed)
        if any(self._watched.values()):
            self._watch.set(self._ports.clock.now())
        return socket

    def _open_advertisements(self, family: Family) -> AdvertisementSocket:
        multicast, unicast = self._opened_for[family] = self._needed(family)
        socket = self._ports.sockets.open_advertisements(
            self.place, family, self._receiver(family), multicast=multicast, unicast=unicast
        )
        self._expect(family, socket)
        return socket

    def _needed(self, family: Family) -> tuple[bool, bool]:
        """Return whether links of *family* use multicast, and whether one has peers."""
        here = [link for link in self._links.values() if link.family is family]
        return not all(link.peers for link in here), any(link.peers for link in here)

    def _expect(self, family: Family, socket: AdvertisementSocket) -> None:
        here = [link for link in self._links.values() if link.family is family]
        socket.expect(frozenset(link.vrid for link in here), min(link.min_ttl for link in here))

    def _renew_socket(self, family: Family) -> None:
        """Have the socket of *family* let through what the links need now."""
        kept = self._sockets[family]
        if kept.socket is None:
            return
        if self._opened_for[family] == self._needed(family):
            self._expect(family, kept.socket)
            return
        kept.socket.drain()
        kept.close()
        self._keep_sockets()

    def _receiver(self, family: Family) -> Callable[[bytes], None]:
        known, judge, now = self._known, partial(self._judge, family), self._ports.clock.now

        def receive(packet: bytes) -> None:
            heard = known.get(packet)
            if heard is None:
                judge(packet)
            elif heard.only_moves_deadline:
                heard.times += 1
                heard.at = now()
            else:
                heard.link.receive(heard)

        return receive

    def _close(self) -> None:
        for kept in self._sockets.values():
            kept.close()
        self._announcements.close()

    def _own_addresses(self) -> list[InterfaceAddress]:
        """Return what can be sent from: never a virtual address, but an owner's (RFC 9568 1.7)."""
        virtual = set().union(*(one.managed() for one in self._devices.all_names_of(self)))
        return [address for address in self.state.addresses if address.ip not in virtual]

    def _judge(self, family: Family, packet: bytes) -> None:
        if packet in self._foreign:
            self.counters.add(DiscardReason.VRID)
            return
        link: Listener | None = None
        verdict: Accepted | Discarded | None = None
        try:
            examined = examine(packet, family)
            if not isinstance(examined, Discarded):
                link = self._links.get((family, examined.advertisement.vrid))
                verdict = None if link is None else link.judge(examined)
        except Exception as error:  # noqa: BLE001 - one packet must not end every daemon that hears it
            self._not_examined(error)
            return
        if isinstance(examined, Discarded):
            self._not_sound(family, examined)
        elif link is None or verdict is None:
            self._overhear(family, packet, examined)
        elif isinstance(verdict, Discarded):
            link.discard(verdict)
        else:
            self._accept(packet, link, verdict)

    def _accept(self, packet: bytes, link: Listener, accepted: Accepted) -> None:
        heard = HeardPacket(link, accepted)
        self._remember(packet, heard)
        link.receive(heard)

    def _remember(self, packet: bytes, heard: HeardPacket) -> None:
        if len(self._known) >= self._most_remembered:
            self._known.clear()
            self._odd.clear()
        self._known[packet] = heard
        if heard.accepted.mismatches:
            # It has a list of addresses of its own, which takes 90 octets for each.
            self._odd.append(packet)
            if len(self._odd) > ODD_REMEMBERED:
                del self._known[self._odd.popleft()]

    @property
    def _most_remembered(self) -> int:
        return REMEMBERED_PER_LINK * (len(self._links) + 1)

    def _not_examined(self, error: Exception) -> None:
        """Drop a packet that pyvrrp failed to examine: nothing has been changed by it."""
        self.counters.add("internal_errors")
        self._journal.warn_rarely(
            "internal_error",
            f"{self.place}: defect in pyvrrp: {type(error).__name__} while a packet was examined",
            topic=f"{self.place}",
            fields={"fatal": False, "interface": self.place.interface},
        )

    def _not_sound(self, family: Family, discarded: Discarded) -> None:
        link = None if discarded.vrid is None else self._links.get((family, discarded.vrid))
        if link is not None:
            link.discard(discarded)
        elif discarded.after_vrid:
            self.counters.add(DiscardReason.VRID)
        else:
            self._discard(discarded)

    def _overhear(self, family: Family, packet: bytes, examined: Examined) -> None:
        # Another cluster on the same wire is no fault; the count tells.
        self.counters.add(DiscardReason.VRID)
        here = [link for link in self._links.values() if link.family is family]
        # Each link is asked, as one stranger may concern several.
        concerned = [link for link in here if link.overhear(examined)]
        if not concerned:
            if len(self._foreign) >= self._most_remembered:
                self._foreign.clear()
            if len(packet) <= LARGEST_REMEMBERED:
                self._foreign.add(packet)

    def _discard(self, discarded: Discarded) -> None:
        self.counters.add(discarded.reason)
        source = "" if discarded.source is None else f" from {discarded.source}"
        self._journal.warn_rarely(
            "discarded",
            f"{self.place}: discarded a packet{source}: {discarded.detail}",
            topic=f"{self.place} {discarded.reason}",
            fields={
                "counter": discarded.reason,
                "source": str(discarded.source or ""),
                "interface": self.place.interface,
            },
        )

    def _claimed(self, claim: Claim) -> None:
        for claimant, addresses in tuple(self._watched.items()):
            if claim.address in addresses:
                claimant.address_claimed(claim)
