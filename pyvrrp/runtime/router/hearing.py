"""What one virtual router has heard: counted, remembered, and only noted where it comes again."""

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.packet.reception import Accepted
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.heard_packet import HeardPacket
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.links.link import Link
from pyvrrp.runtime.links.router_links import RouterLinks
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE


class Hearing:
    """The accepted advertisements of other routers.

    While a repetition lasts, the same packet may come again and again, and only its time and number
    are noted. `missed` returns the packet if it came; the router then takes it once, as of its last
    time.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        links: RouterLinks,
        advertiser: Advertiser,
        reporter: Reporter,
        counters: Counters,
    ) -> None:
        self._longest_believed = config.max_learned_interval
        self._links = links
        self._advertiser = advertiser
        self._reporter = reporter
        self._counters = counters
        self._accepted: Accepted | None = None
        self._at = Nanoseconds(0)
        self._repeated: HeardPacket | None = None

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Believe intervals as *config* says from now on; no repetition may last."""
        self._longest_believed = config.max_learned_interval

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement; `missed` must have been asked before."""
        if self._accepted is None:
            return None
        heard = self._accepted.advertisement
        return LastHeard(self._accepted.source, heard.priority, heard.interval, self._at)

    @property
    def is_repetition(self) -> bool:
        """Whether a repetition lasts."""
        return self._repeated is not None

    def note(self, accepted: Accepted, link: Link, now: Nanoseconds) -> bool:
        """Count and remember what came over *link*; return False for a copy from another link."""
        if not self._links.is_news(accepted, link, now):
            return False
        advertisement = accepted.advertisement
        self._counters.add("advertisement_rcvd")
        if advertisement.priority == RELEASE:
            self._counters.add("priority_zero_pkts_rcvd")
        if accepted.mismatches:
            self._reporter.mismatches(accepted)
        if advertisement.interval > self._longest_believed:
            self._counters.add("intervals_capped")
        self._advertiser.follow(accepted.checksum_forms)
        self._accepted, self._at = accepted, now
        return True

    def begin_repetition(self, heard: HeardPacket) -> None:
        """Only note *heard* when it comes again, unless something is to be told each time."""
        told = heard.accepted.mismatches or heard.event.interval > self._longest_believed
        if not told and len(self._links.all) == 1:
            heard.only_moves_deadline = True
            self._repeated = heard

    def missed(self) -> HeardPacket | None:
        """Return the packet of the repetition if it came since this was last asked."""
        heard = self._repeated
        if heard is None or not heard.times:
            return None
        times, heard.times = heard.times, 0
        link = self._links.all[0]
        link.received += times
        link.heard_at = self._at = heard.at
        self._counters.add("advertisement_rcvd", times)
        self._advertiser.follow(heard.accepted.checksum_forms, times)
        return heard

    def end_repetition(self) -> None:
        """Have every packet come as usual again; `missed` must have been asked before."""
        if self._repeated is not None:
            self._repeated.only_moves_deadline = False
            self._repeated = None
