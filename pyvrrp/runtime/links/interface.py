"""One interface: its state, its sockets, and the virtual routers that stand on it.

The sockets are shared by all of them. What arrives is judged here and handed to the virtual
router of its VRID in the same callback: no queue and no task lies between the socket and `step`.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, InterfaceAddress, Place
from pyvrrp.packet.reception import Discarded, DiscardReason, Examined, examine
from pyvrrp.ports import (
    AdvertisementSocket,
    AnnouncementSocket,
    Claim,
    Handle,
    InterfaceState,
    Ports,
)
from pyvrrp.runtime.base.counters import SEGMENT_COUNTERS, Counters
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.source_address import source_address
from pyvrrp.units import SECOND, Nanoseconds

REOPEN_AFTER = SECOND


class Member(Protocol):
    """A virtual router as its segment sees it."""

    @property
    def config(self) -> VirtualRouterConfig:
        """What the operator decided."""

    @property
    def peers(self) -> tuple[Address, ...]:
        """Whom it talks to here by unicast; empty: to the group."""

    def inspect(self, state: InterfaceState) -> None:
        """Tell apart the addresses that are ours to manage from the operator's own."""

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses that are ours to add and remove."""

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """The interface, or what can be sent from it, is different now."""

    def receive(self, examined: Examined) -> None:
        """An advertisement for this VRID, sound in itself."""

    def discard(self, discarded: Discarded) -> None:
        """Something for this VRID that is no advertisement."""

    @property
    def overhear(self) -> Callable[[Examined], bool]:
        """Take note of another VRID; tell whether it concerns this one."""


class Claimant(Protocol):
    """Whoever wants to know who else has an address."""

    def claimed(self, claim: Claim) -> None:
        """Another host says that one of the addresses watched is its own."""


class Segment:
    """The one owner of an interface's sockets."""

    def __init__(self, place: Place, ports: Ports, journal: Journal) -> None:
        self.place = place
        self.state = InterfaceState()
        self.counters = Counters(SEGMENT_COUNTERS)
        self._ports = ports
        self._journal = journal
        self._members: dict[tuple[Family, int], Member] = {}
        self._sockets: dict[Family, AdvertisementSocket] = {}
        self._announcements: AnnouncementSocket | None = None
        self._harmless: dict[tuple[Family, int], Examined] = {}  # of other VRIDs, heard last
        self._opened_for = 0  # interface index; 0: nothing is open
        self._watching: Handle | None = None
        self._held: dict[Claimant, frozenset[Address]] = {}
        self._watch = AlarmClock(ports.clock, self._watch_held)

    def add(self, member: Member) -> None:
        """Have *member* stand on this interface, from `start` on."""
        self._members[member.config.id.family, member.config.id.vrid] = member

    def start(self) -> None:
        """Look at the interface from now on."""
        self._watching = self._ports.links.watch(self.place, self._changed)

    def stop(self) -> None:
        """Close everything."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._close()

    def send(self, family: Family, packet: bytes, destination: Address) -> None:
        """Send one advertisement; raise KernelError if that is not possible."""
        socket = self._sockets.get(family)
        if socket is None:
            raise KernelError(f"cannot send from {self.place}: no such interface")
        socket.send(packet, destination)

    def drain(self, family: Family) -> None:
        """Deliver at once what is queued in the socket of *family*."""
        socket = self._sockets.get(family)
        if socket is not None:
            socket.drain()

    def announce(self, frame: bytes) -> None:
        """Send one frame to the neighbours; raise KernelError if that is not possible."""
        if self._announcements is None:
            raise KernelError(f"cannot announce on {self.place}: no such interface")
        if self.state.arp:
            self._announcements.send(frame)

    def mac(self) -> bytes:
        """Return the interface's hardware address."""
        return self.state.mac

    def hold(self, claimant: Claimant, addresses: Iterable[Address]) -> None:
        """Watch for other hosts that claim these, for *claimant* (nothing: stop watching)."""
        self._held[claimant] = frozenset(addresses)
        # When the loop turns: once for all virtual routers that take over together.
        self._watch.set(self._ports.clock.now())

    def _watch_held(self) -> None:
        if self._announcements is None:
            return
        try:
            self._announcements.watch(frozenset().union(*self._held.values()))
        except KernelError as error:
            self._journal.warn_rarely("watch_refused", str(error), topic=str(self.place))

    def _changed(self, state: InterfaceState) -> None:
        self.state = state
        if not state.exists or state.index != self._opened_for:
            self._close()
        if state.exists and not self._opened_for:
            self._open()
        for member in self._members.values():
            member.inspect(state)
        own = self._own_addresses()
        for (family, _), member in tuple(self._members.items()):
            primary = source_address(own, family, member.peers) if self._opened_for else None
            member.interface_changed(state, primary)

    def _families(self) -> set[Family]:
        return {family for family, _ in self._members}

    def _open(self) -> None:
        try:
            for family in self._families():
                here = {vrid: m for (f, vrid), m in self._members.items() if f is family}
                socket = self._ports.sockets.open_advertisements(
                    self.place,
                    family,
                    partial(self._receive, family),
                    multicast=not all(member.peers for member in here.values()),
                    unicast=any(member.peers for member in here.values()),
                )
                self._sockets[family] = socket
                min_ttl = min(member.config.min_ttl for member in here.values())
                socket.expect(frozenset(here), min_ttl)
            self._announcements = self._ports.sockets.open_announcements(self.place, self._claimed)
        except KernelError as error:
            self._close()
            self._journal.warn_rarely("sockets_refused", str(error), topic=str(self.place))
            at = Nanoseconds(self._ports.clock.now() + REOPEN_AFTER)
            self._ports.clock.call_at(at, self._open_again)
        else:
            self._opened_for = self.state.index

    def _open_again(self) -> None:
        if self._watching is not None and not self._opened_for:
            self._changed(self.state)

    def _close(self) -> None:
        self._opened_for = 0
        for socket in self._sockets.values():
            socket.close()
        self._sockets.clear()
        if self._announcements is not None:
            self._announcements.close()
            self._announcements = None

    def _own_addresses(self) -> list[InterfaceAddress]:
        """Return what can be sent from: never a virtual address, but an owner's (RFC 9568 1.7)."""
        virtual = {address.ip for member in self._members.values() for address in member.managed()}
        return [address for address in self.state.addresses if address.ip not in virtual]

    def _receive(self, family: Family, packet: bytes) -> None:
        examined = examine(packet, family)
        if isinstance(examined, Examined):
            member = self._members.get((family, examined.advertisement.vrid))
            if member is not None:
                member.receive(examined)
                return
            self._overhear(family, examined)
            vrid = examined.advertisement.vrid
            self._discard(Discarded(DiscardReason.VRID, f"VRID {vrid} is not configured", vrid))
            return
        member = None if examined.vrid is None else self._members.get((family, examined.vrid))
        if member is not None:
            member.discard(examined)
        elif examined.after_vrid:
            self._discard(
                Discarded(
                    DiscardReason.VRID, f"VRID {examined.vrid} is not configured", examined.vrid
                )
            )
        else:
            self._discard(examined)

    def _overhear(self, family: Family, examined: Examined) -> None:
        # An unchanged advertisement is the same remembered value.
        vrid = examined.advertisement.vrid
        if self._harmless.get((family, vrid)) is examined:
            return
        members = [member for (its, _), member in self._members.items() if its is family]
        # Each is asked, as one stranger may concern several.
        concerned = [member for member in members if member.overhear(examined)]
        if not concerned:
            self._harmless[family, vrid] = examined

    def _discard(self, discarded: Discarded) -> None:
        self.counters.add(discarded.reason)
        if discarded.reason is DiscardReason.VRID:
            return  # another cluster on the same segment is no fault; the count tells
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
        for claimant, addresses in tuple(self._held.items()):
            if claim.address in addresses:
                claimant.claimed(claim)
