"""One way for the advertisements of one virtual router: a family and a VRID on an interface.

A virtual router has a link on the interface with its addresses, and may have further ones. A link
judges what arrives for it and knows to which hosts it sends.

Peers are known by their address on the first link, whichever link they are heard on. So a tie
between two of them has the same winner everywhere.
"""

from dataclasses import replace
from typing import Protocol

from pyvrrp.config.model.configuration import LinkConfig, VirtualRouterConfig
from pyvrrp.identity import Address, InterfaceAddress
from pyvrrp.packet.datagram import advertisement_octets
from pyvrrp.packet.layout import group_of
from pyvrrp.packet.reception import Accepted, Discarded, Examined, Expectation, admit
from pyvrrp.ports import InterfaceState
from pyvrrp.runtime.links.heard_packet import HeardPacket
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.units import Nanoseconds


class LinkOwner(Protocol):
    """The virtual router whose advertisements a link carries."""

    def inspect(self, state: InterfaceState) -> None:
        """Tell apart the addresses that are ours to manage from the operator's own."""

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses that are ours to add and remove."""

    def link_changed(self, link: "Link", state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface of *link*, and of the address to send from there."""

    def heard(self, heard: HeardPacket, link: "Link") -> None:
        """Take an advertisement of another router that came over *link*."""

    def discarded(self, discarded: Discarded) -> None:
        """Take note of a packet for this VRID that failed a receive check."""

    def overhear(self, examined: Examined) -> bool:
        """Take note of another VRID; return whether it has addresses of this virtual router."""


class Link:
    """The advertisements of one virtual router on one interface.

    ``has_addresses``: the virtual addresses are on this interface too.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        link: LinkConfig,
        interface: Interface,
        expectation: Expectation,
        owner: LinkOwner,
    ) -> None:
        self.place = link.place
        self.family = config.id.family
        self.vrid = config.id.vrid
        self.peers = link.peers
        self.min_ttl = config.min_ttl
        self.has_addresses = link.place == config.id.place
        self.obstacle = "starting"
        self.too_long = ""  # why no advertisement fits into a packet here; empty: it fits
        self.came_back = False  # with the last change of its interface
        self.lost = ""  # why nothing is heard over it, as people were told
        self.missed = 0  # advertisements in a row that only another link brought
        self.heard_at: Nanoseconds | None = None
        self.received = 0
        self.destinations: tuple[Address, ...] = ()
        self._interface = interface
        self._owner = owner
        self._expectation = replace(
            expectation, peers=frozenset(link.peers), min_ttl=config.min_ttl
        )
        self._names = dict(zip(link.peers, config.peers, strict=True))
        self._source: Address | None = None
        self._octets = advertisement_octets(config.version, self.family, len(config.addresses))
        self._hosts = (*(address.ip for address in config.local_addresses), *link.peers)
        self._seen: tuple[object, ...] = ()  # of the interface, when it changed last
        interface.add(self)
        if not link.peers:
            self.destinations = (group_of(self.family),)

    def configuration_is(self, config: VirtualRouterConfig, expectation: Expectation) -> None:
        """Judge by *expectation* from now on. The interface and the peers are as before.

        The interface must be looked at again afterwards (`Interface.look_again`).
        """
        self.min_ttl = config.min_ttl
        self._expectation = replace(
            expectation,
            primary_address=self._expectation.primary_address,
            peers=frozenset(self.peers),
            min_ttl=config.min_ttl,
        )
        self._octets = advertisement_octets(config.version, self.family, len(config.addresses))
        self._hosts = (*(address.ip for address in config.local_addresses), *self.peers)
        self._seen = ()
        self._interface.forget_judgements()

    def leave(self) -> None:
        """Stand on the interface no longer."""
        self._interface.remove(self)

    @property
    def is_unicast(self) -> bool:
        """Whether it goes to peers, and not to the group."""
        return bool(self.peers)

    # What the interface says.

    def inspect(self, state: InterfaceState) -> None:
        """Tell apart the addresses that are ours to manage from the operator's own."""
        if self.has_addresses:
            self._owner.inspect(state)

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses on this interface that are ours to add and remove."""
        return self._owner.managed() if self.has_addresses else ()

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface as it is, and of the address to send from."""
        seen = (primary, state.concerning(self._hosts))
        if seen == self._seen:
            return  # an address of another virtual router: there may be hundreds of them
        self._seen = seen
        if self.is_unicast:
            self.destinations = tuple(peer for peer in self.peers if peer not in state.by_host)
            if primary is not None:
                self._source = primary
                self.own_address_is(primary)
        self.too_long = self._too_long(state)
        before, self.obstacle = self.obstacle, self._obstacle(state, primary)
        self.came_back = self.lost == before and not self.obstacle
        self._owner.link_changed(self, state, primary)

    def judge(self, examined: Examined) -> Accepted | Discarded:
        """Return what an advertisement says, the sender named as on the first link, or why not.

        Nothing is changed by it (RFC 9568 section 7.1).
        """
        verdict = admit(examined, self._expectation)
        if isinstance(verdict, Discarded):
            return verdict
        if verdict.advertisement.addresses == self._expectation.addresses:
            # The list that is there anyway: a packet that is remembered has none of its own.
            ours = replace(verdict.advertisement, addresses=self._expectation.addresses)
            verdict = replace(verdict, advertisement=ours)
        known_as = self._names.get(verdict.source, verdict.source)
        return verdict if known_as == verdict.source else replace(verdict, source=known_as)

    def receive(self, heard: HeardPacket) -> None:
        """Hand an accepted advertisement to the virtual router."""
        self.received += 1
        self._owner.heard(heard, self)

    def discard(self, discarded: Discarded) -> None:
        """Hand a packet that failed a receive check to the virtual router, which counts it."""
        self._owner.discarded(discarded)

    def overhear(self, examined: Examined) -> bool:
        """Take note of another VRID; return whether it has addresses of this virtual router."""
        return self.has_addresses and self._owner.overhear(examined)

    # What the virtual router asks for.

    def own_address_is(self, address: Address) -> None:
        """Take what comes from *address* for an own advertisement."""
        if address != self._expectation.primary_address:
            self._expectation = replace(self._expectation, primary_address=address)
            self._interface.forget_judgements()

    def source(self, identity: Address) -> Address:
        """Return the address to send from for the node that is known as *identity*."""
        return identity if self._source is None else self._source

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one packet; raise KernelError if that is not possible."""
        self._interface.send(self.family, packet, destination)

    def drain(self) -> None:
        """Deliver at once what is queued."""
        self._interface.drain(self.family)

    def _obstacle(self, state: InterfaceState, primary: Address | None) -> str:
        if not state.exists:
            return state.obstacle or "no such interface"
        if not state.up:
            return "link down"
        if state.obstacle:
            return state.obstacle
        if self.is_unicast and primary is None:
            return "no address to send from"
        if not self.destinations:
            return "no peer but this node itself"
        return self.too_long

    def _too_long(self, state: InterfaceState) -> str:
        if not state.exists or self._octets <= state.mtu:
            return ""
        return (
            f"an advertisement of {self._octets} octets does not fit the MTU {state.mtu} of "
            f"{self.place}"
        )
