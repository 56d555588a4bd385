"""All links of one virtual router: it sends over each, and one on which it hears is enough.

The same advertisement comes over several links. The first copy counts; the others only prove that
their links work.
"""

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.packet.reception import Accepted
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.link import Link
from pyvrrp.units import Nanoseconds

MISSED = 4  # advertisements in a row: about a Master_Down_Interval
MOST_SENDERS = 8  # remembered; a forged one costs a copy that is not recognised, nothing else


class RouterLinks:
    """The links of one virtual router, the one on the interface with the addresses first."""

    def __init__(self, config: VirtualRouterConfig, journal: Journal) -> None:
        self.all: list[Link] = []
        self._config = config
        self._journal = journal
        self._heard: dict[Address, tuple[Accepted, Link, Nanoseconds]] = {}

    def add(self, link: Link) -> None:
        """Use one more link; the first one is that of the interface with the addresses."""
        self.all.append(link)

    @property
    def obstacle(self) -> str:
        """Why no host could hear this node, as its configuration is; empty if one can."""
        alone = all(link.is_unicast and not link.destinations for link in self.all)
        if alone:
            return "no peer but this node itself"
        return self.all[0].too_long if all(link.too_long for link in self.all) else ""

    def usable(self) -> list[Link]:
        """Return the links to send over: those without an obstacle, and the first in any case."""
        return [link for link in self.all if link.has_addresses or not link.obstacle]

    def own_address_is(self, address: Address) -> None:
        """Take what comes from *address* by multicast for an own advertisement, on any link."""
        for link in self.all:
            if not link.is_unicast:
                link.own_address_is(address)

    def changed(self, link: Link) -> None:
        """Tell when the interface of a further link becomes useless, or useful again."""
        if link.obstacle:
            self._lose(link, link.obstacle)
        elif link.came_back:
            self._find(link, "is up again")

    def drain(self) -> None:
        """Deliver at once what is queued on any link."""
        for link in self.all:
            link.drain()

    def is_news(self, accepted: Accepted, link: Link, now: Nanoseconds) -> bool:
        """Take note that *link* works; return whether no other link brought the same before."""
        link.heard_at = now
        if len(self.all) == 1:
            return True
        link.missed = 0
        if link.lost and not link.obstacle:
            self._find(link, f"brings advertisements of {accepted.source} again")
        if self._is_copy(accepted, link, now):
            return False
        self._count_missed(link)
        return True

    def _is_copy(self, accepted: Accepted, link: Link, now: Nanoseconds) -> bool:
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

    def _count_missed(self, link: Link) -> None:
        for other in self.all:
            if other is link:
                continue
            other.missed += 1
            if other.missed >= MISSED and not other.lost:
                self._lose(other, f"silent while {link.place} brings advertisements")

    def _lose(self, link: Link, reason: str) -> None:
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

    def _find(self, link: Link, how: str) -> None:
        link.lost, link.missed = "", 0
        self._journal.tell_rarely(
            "heartbeat_link_back",
            f"{link.place} {how}",
            topic=str(link.place),
            virtual_router=self._config,
            fields={"link": str(link.place)},
        )
