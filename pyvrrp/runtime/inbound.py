"""Judge the advertisements for one virtual router, and remember the newest one accepted."""

from dataclasses import dataclass, replace

from pyvrrp.config.model import VirtualRouterConfig
from pyvrrp.packet.reception import Accepted, Discarded, Examined, admit
from pyvrrp.ports import Address, Clock
from pyvrrp.runtime.advertiser import Advertiser
from pyvrrp.runtime.counters import Counters
from pyvrrp.runtime.expectations import expectation_of, parameters_of
from pyvrrp.runtime.reporter import Reporter
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.parameters import RELEASE


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The newest advertisement accepted from another router."""

    sender: Address
    priority: int
    interval: Nanoseconds
    at: Nanoseconds


class Inbound:
    """Turns what arrives into events for the election; what fails a check changes nothing else."""

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
        self._expectation = expectation_of(config, parameters_of(config))
        self._judged: tuple[Examined, Accepted] | None = None

    def primary_address_is(self, primary: Address) -> None:
        """Take note of the own address: who sends from it is no peer."""
        self._expectation = replace(self._expectation, primary_address=primary)
        self._judged = None

    def accept(self, examined: Examined) -> AdvertisementReceived | None:
        """Return the event that an advertisement of this VRID is; None if it is discarded."""
        accepted = self._judge(examined)
        if accepted is None:
            return None
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

    def _judge(self, examined: Examined) -> Accepted | None:
        # An unchanged advertisement is the same remembered value.
        if self._judged is not None and self._judged[0] is examined:
            return self._judged[1]
        verdict = admit(examined, self._expectation)
        if isinstance(verdict, Discarded):
            self._reporter.discarded(verdict)
            return None
        self._judged = (examined, verdict)
        return verdict
