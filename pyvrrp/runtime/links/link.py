"""One interface over which the advertisements of one virtual router go, and what is heard there."""

from dataclasses import replace

from pyvrrp.config.model.configuration import LinkConfig, VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.packet.layout import group_of
from pyvrrp.packet.reception import Accepted, Discarded, Examined, Expectation, admit
from pyvrrp.ports import InterfaceState
from pyvrrp.runtime.links.interface import Segment
from pyvrrp.units import Nanoseconds


class HeartbeatLink:
    """Judges what arrives on one interface and knows whom to send to from there.

    Peers are known by their address on the first link, whichever link they are heard on, so that
    a tie between two of them has the same winner everywhere.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        link: LinkConfig,
        segment: Segment,
        expectation: Expectation,
    ) -> None:
        self.place = link.place
        self.peers = link.peers
        self.obstacle = "starting"
        self.lost = ""  # why nothing is heard over it, as people were told
        self.missed = 0  # in a row, of those that another link brought
        self.heard_at: Nanoseconds | None = None
        self.received = 0
        self.destinations: tuple[Address, ...] = ()
        self._segment = segment
        self._family = config.id.family
        self._expectation = replace(
            expectation, peers=frozenset(link.peers), min_ttl=config.min_ttl
        )
        self._names = dict(zip(link.peers, config.peers, strict=True))
        self._judged: tuple[Examined, Accepted] | None = None
        self._source: Address | None = None
        if not link.peers:
            self.destinations = (group_of(self._family),)

    @property
    def is_unicast(self) -> bool:
        """Whether it goes to peers, and not to the group."""
        return bool(self.peers)

    def source(self, identity: Address) -> Address:
        """Return the address to send from, on behalf of the node that is known as *identity*."""
        return identity if self._source is None else self._source

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface as it is, and of the address to send from."""
        if self.is_unicast:
            own = {address.ip for address in state.addresses}
            self.destinations = tuple(peer for peer in self.peers if peer not in own)
            if primary is not None:
                self._source = primary
                self.own_address_is(primary)
        self.obstacle = self._obstacle(state, primary)

    def own_address_is(self, address: Address) -> None:
        """Take for an own advertisement what comes from *address*."""
        if address != self._expectation.primary_address:
            self._expectation = replace(self._expectation, primary_address=address)
            self._judged = None

    def judge(self, examined: Examined) -> Accepted | Discarded:
        """Return what the receive checks say, the sender named as on the first link."""
        # An unchanged advertisement is the same remembered value.
        if self._judged is not None and self._judged[0] is examined:
            return self._judged[1]
        verdict = admit(examined, self._expectation)
        if isinstance(verdict, Accepted):
            known_as = self._names.get(verdict.source, verdict.source)
            verdict = replace(verdict, source=known_as)
            self._judged = (examined, verdict)
        return verdict

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one packet; raise KernelError if that is not possible."""
        self._segment.send(self._family, packet, destination)

    def drain(self) -> None:
        """Deliver at once what is queued."""
        self._segment.drain(self._family)

    def _obstacle(self, state: InterfaceState, primary: Address | None) -> str:
        if not state.exists:
            return "no such interface"
        if not state.up:
            return "link down"
        if self.is_unicast and primary is None:
            return "no address to send from"
        if not self.destinations:
            return "no peer but this node itself"
        return ""
