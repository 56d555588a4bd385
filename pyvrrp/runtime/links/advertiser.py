"""Send the advertisements of one virtual router, in the checksum form that its peers understand."""

from pyvrrp.config.model.configuration import ChecksumPolicy, VirtualRouterConfig
from pyvrrp.identity import Address, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import AUTHENTICATION_OCTETS
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.router_links import Heartbeats
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE


class Advertiser:
    """Knows what was sent, and when that last worked."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        heartbeats: Heartbeats,
        clock: Clock,
        journal: Journal,
        counters: Counters,
    ) -> None:
        self._config = config
        self._heartbeats = heartbeats
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._sent_at: Nanoseconds | None = None
        # Until a peer was heard: what the installed base understands.
        self.form = ChecksumForm.PSEUDO_HEADER
        if config.checksum is ChecksumPolicy.RFC9568:
            self.form = ChecksumForm.MESSAGE_ONLY

    def send(self, priority: int, source: Address) -> None:
        """Send one advertisement over all links; that none would take it is remembered."""
        if not self._heartbeats.send(self._advertisement(priority), source, self.form):
            self._sent_at = None
            return
        self._sent_at = self._clock.now()
        self._counters.add("advertisement_sent")
        if priority == RELEASE:
            self._counters.add("priority_zero_pkts_sent")

    def was_heard_within(self, age: Nanoseconds) -> bool:
        """Tell whether the last advertisement left, and no longer ago than *age*."""
        return self._sent_at is not None and self._clock.now() - self._sent_at <= age

    def follow(self, forms: frozenset[ChecksumForm]) -> None:
        """Take note of the forms in which a peer's checksum was right."""
        if len(forms) != 1:
            return
        (form,) = forms
        self._counters.add(f"checksum_{form}_rcvd")
        if self._config.checksum is ChecksumPolicy.AUTO and form is not self.form:
            self.form = form
            self._journal.record(
                "checksum_form",
                f"sends the {form} form of the checksum from now on, as its peer does",
                virtual_router=self._config,
                fields={"form": form},
            )

    def _advertisement(self, priority: int) -> Advertisement:
        config = self._config
        authenticated = config.version is Version.V2 and bool(config.authentication)
        return Advertisement(
            config.version,
            config.id.vrid,
            priority,
            config.advertisement_interval,
            tuple(address.ip for address in config.addresses),
            auth_type=int(authenticated),
            auth_data=(
                config.authentication.ljust(AUTHENTICATION_OCTETS, b"\0") if authenticated else b""
            ),
        )
