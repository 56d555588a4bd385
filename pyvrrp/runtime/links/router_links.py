"""All links of one virtual router: advertisements go out over each, and one heard is enough.

The same advertisement comes over several links. The first copy to arrive is handed on, and the
others only prove that their links live.
"""

from typing import Protocol

from pyvrrp.config.model.configuration import LinkConfig, VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, InterfaceAddress
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.reception import Accepted, Discarded, Examined, Expectation
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.ports import Claim, Clock, InterfaceState
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.interface import Segment
from pyvrrp.runtime.links.link import HeartbeatLink
from pyvrrp.units import Nanoseconds

MISSED = 4  # advertisements in a row: about a Master_Down_Interval
MOST_SENDERS = 64  # remembered; forged ones cost a copy that is not recognised, nothing else


class Hearer(Protocol):
    """The virtual router."""

    def heard(self, accepted: Accepted) -> None:
        """Take an advertisement of another router, each once."""

    def discard(self, discarded: Discarded) -> None:
        """Take note of a packet that failed a receive check."""


class Heartbeats:
    """The links of one virtual router, the interface with its addresses first."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        segment: Segment,
        expectation: Expectation,
        clock: Clock,
        journal: Journal,
        counters: Counters,
        hearer: Hearer,
    ) -> None:
        self._config = config
        self._expectation = expectation
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._hearer = hearer
        self._heard: dict[Address, tuple[Accepted, HeartbeatLink, Nanoseconds]] = {}
        self._first = HeartbeatLink(config, config.links[0], segment, expectation)
        self.links = [self._first]

    def join(self, link: LinkConfig, segment: Segment) -> None:
        """Use one more interface, from its segment's start on."""
        further = HeartbeatLink(self._config, link, segment, self._expectation)
        self.links.append(further)
        segment.add(FurtherMember(self._config, further, self))

    @property
    def obstacle(self) -> str:
        """Why nobody could hear this node, as its configuration is; empty if somebody can."""
        alone = all(link.is_unicast and not link.destinations for link in self.links)
        return "no peer but this node itself" if alone else ""

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface with the addresses."""
        self._first.interface_changed(state, primary)
        if primary is not None:
            for link in self.links:
                if not link.is_unicast:
                    link.own_address_is(primary)

    def further_changed(
        self, link: HeartbeatLink, state: InterfaceState, primary: Address | None
    ) -> None:
        """Take note of another interface; tell when it becomes useless, or useful again."""
        before = link.obstacle
        link.interface_changed(state, primary)
        if link.obstacle:
            self._lose(link, link.obstacle)
        elif link.lost == before:
            self._find(link, "is up again")

    def send(self, advertisement: Advertisement, identity: Address, form: ChecksumForm) -> bool:
        """Send over all links; return whether anything left. Refusals are counted and told."""
        sent = False
        for link in self.links:
            if link.obstacle and link is not self._first:
                continue  # people know
            source = link.source(identity)
            for destination in link.destinations:
                packet = advertisement_packet(advertisement, source, destination, form)
                try:
                    link.send(packet, destination)
                except KernelError as error:
                    self._counters.add("send_errors")
                    self._journal.warn_rarely(
                        "send_failed",
                        str(error),
                        topic=f"{link.place} {destination}",
                        virtual_router=self._config,
                    )
                else:
                    sent = True
        return sent

    def drain(self) -> None:
        """Deliver at once what is queued on any link."""
        for link in self.links:
            link.drain()

    def receive(self, examined: Examined) -> None:
        """Judge what arrived on the interface with the addresses."""
        self.receive_over(self._first, examined)

    def receive_over(self, link: HeartbeatLink, examined: Examined) -> None:
        """Judge what arrived, and hand it on if it is no copy of what another link brought."""
        verdict = link.judge(examined)
        if isinstance(verdict, Discarded):
            self._hearer.discard(verdict)
            return
        now = self._clock.now()
        link.heard_at = now
        link.received += 1
        if len(self.links) > 1:
            link.missed = 0
            if link.lost and not link.obstacle:
                self._find(link, f"brings advertisements of {verdict.source} again")
            if self._is_copy(verdict, link, now):
                return
            self._count_missed(link)
        self._hearer.heard(verdict)

    def discard(self, discarded: Discarded) -> None:
        """Take note of what failed a receive check on a further link."""
        self._hearer.discard(discarded)

    def _is_copy(self, accepted: Accepted, link: HeartbeatLink, now: Nanoseconds) -> bool:
        known = self._heard.get(accepted.source)
        if known is not None:
            before, brought_by, at = known
            # Two over one link are two: a release is sent twice on purpose.
            close = 2 * (now - at) < accepted.advertisement.interval
            if brought_by is not link and close and before.advertisement == accepted.advertisement:
                return True
        elif len(self._heard) >= MOST_SENDERS:
            self._heard.clear()
        self._heard[accepted.source] = (accepted, link, now)
        return False

    def _count_missed(self, link: HeartbeatLink) -> None:
        for other in self.links:
            if other is link:
                continue
            other.missed += 1
            if other.missed >= MISSED and not other.lost:
                self._lose(other, f"silent while {link.place} brings advertisements")

    def _lose(self, link: HeartbeatLink, reason: str) -> None:
        if link.lost == reason:
            return
        link.lost = reason
        self._journal.warn_rarely(
            "heartbeat_link_lost",
            f"nothing is heard over {link.place}: {reason}",
            topic=f"{link.place} {reason}",
            virtual_router=self._config,
            fields={"link": str(link.place), "reason": reason},
        )

    def _find(self, link: HeartbeatLink, how: str) -> None:
        link.lost, link.missed = "", 0
        self._journal.record(
            "heartbeat_link_back",
            f"{link.place} {how}",
            virtual_router=self._config,
            fields={"link": str(link.place)},
        )


class FurtherMember:
    """A virtual router as it stands on a segment that carries its advertisements alone."""

    def __init__(
        self, config: VirtualRouterConfig, link: HeartbeatLink, heartbeats: Heartbeats
    ) -> None:
        self.config = config
        self.peers = link.peers
        self._link = link
        self._heartbeats = heartbeats

    def inspect(self, state: InterfaceState) -> None:
        """None of its addresses are here."""

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return nothing, since none of its addresses are here."""
        return ()

    def interface_changed(self, state: InterfaceState, primary: Address | None) -> None:
        """Hand it on."""
        self._heartbeats.further_changed(self._link, state, primary)

    def receive(self, examined: Examined) -> None:
        """Hand it on."""
        self._heartbeats.receive_over(self._link, examined)

    def discard(self, discarded: Discarded) -> None:
        """Hand it on."""
        self._heartbeats.discard(discarded)

    def overhear(self, _examined: Examined, /) -> bool:
        """None of its addresses are here."""
        return False

    def claimed(self, claim: Claim) -> None:
        """None of its addresses are here."""
