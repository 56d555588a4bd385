"""Count what was accepted for one virtual router, and remember the newest of it."""

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.packet.reception import Accepted
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.parameters import RELEASE


class Inbound:
    """Turns accepted advertisements into events for the election."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        clock: Clock,
        advertiser: Advertiser,
        reporter: Reporter,
        counters: Counters,
    ) -> None:
        self.last_heard: LastHeard | None = None
        self._clock = clock
        self._advertiser = advertiser
        self._reporter = reporter
        self._counters = counters
        self._longest_believed = config.max_learned_interval

    def accept(self, accepted: Accepted) -> AdvertisementReceived:
        """Return the event that an advertisement of this VRID is."""
        advertisement = accepted.advertisement
        self._counters.add("advertisement_rcvd")
        if advertisement.priority == RELEASE:
            self._counters.add("priority_zero_pkts_rcvd")
        if accepted.mismatches:
            self._reporter.mismatches(accepted)
        if advertisement.interval > self._longest_believed:
            self._counters.add("intervals_capped")
        self._advertiser.follow(accepted.checksum_forms)
        self.last_heard = LastHeard(
            accepted.source, advertisement.priority, advertisement.interval, self._clock.now()
        )
        return AdvertisementReceived(
            accepted.source, advertisement.priority, advertisement.interval
        )
