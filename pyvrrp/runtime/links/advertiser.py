"""Send the advertisements of one virtual router, in the checksum form that its peers understand.

The packets of the advertisement that was sent last are kept with the places they go to. So an
unchanged advertisement is sent without being made again.
"""

from pyvrrp.config.model.configuration import ChecksumPolicy, VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import AUTHENTICATION_OCTETS
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.ports import Clock, LastWords
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.link import Link
from pyvrrp.runtime.links.router_links import RouterLinks
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE

_RECEIVED = {form: f"checksum_{form}_rcvd" for form in ChecksumForm}  # the names of counters


class Advertiser:
    """Knows what was sent, and when that last worked."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        links: RouterLinks,
        clock: Clock,
        journal: Journal,
        counters: Counters,
    ) -> None:
        self.sent_at: Nanoseconds | None = None  # None: nothing left when it was last tried
        self.left_at: Nanoseconds | None = None  # the last one that left, however long ago
        self.refusal: KernelError | None = None  # why nothing left when it was last tried
        self.form = _first_form(config)
        self._config = config
        self._links = links
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._prepared: tuple[int, Address] | None = None  # the priority and source of _packets
        self._packets: list[tuple[Link, Address, bytes]] = []
        self.changes = 0  # how often _packets was made

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Send what *config* says from the next advertisement on."""
        if config.checksum is not self._config.checksum:
            self.form = _first_form(config)
        self._config = config
        self._prepared = None

    def send(self, priority: int, source: Address) -> None:
        """Send one advertisement over all links. Refusals are counted and told.

        *source* is the primary address (RFC 9568 section 6.1).
        """
        if self._prepared != (priority, source):
            self._prepare(priority, source)
        sent = False
        self.refusal = None
        for link, destination, packet in self._packets:
            try:
                link.send(packet, destination)
            except KernelError as error:
                self._refused(link, destination, error)
                self.refusal = error
            else:
                sent = True
        if not sent:
            self.sent_at = None
            self.refusal = self.refusal or KernelError("there is no host to send to")
            return
        self.refusal = None
        self.sent_at = self.left_at = self._clock.now()
        self._counters.add("advertisement_sent")
        if priority == RELEASE:
            self._counters.add("priority_zero_pkts_sent")

    def last_words(self, source: Address) -> tuple[LastWords, ...]:
        """Return the packets of an advertisement of priority 0, for a process that cannot send."""
        return tuple(
            LastWords(link.place, destination, packet)
            for link, destination, packet in self._made(RELEASE, source)
        )

    def links_changed(self) -> None:
        """Make the packets anew the next time: a link can, or cannot, be used any more."""
        self._prepared = None

    def follow(self, forms: frozenset[ChecksumForm], times: int = 1) -> None:
        """Take note of the forms in which a peer's checksum was right, *times* times."""
        if len(forms) != 1:
            return
        (form,) = forms
        self._counters.add(_RECEIVED[form], times)
        if self._config.checksum is ChecksumPolicy.AUTO and form is not self.form:
            self.form = form
            self._prepared = None
            self._journal.tell_rarely(
                "checksum_form",
                f"sends the {form} form of the checksum from now on, as its peer does",
                virtual_router=self._config,
                fields={"form": form},
            )

    def _prepare(self, priority: int, source: Address) -> None:
        self._packets = self._made(priority, source)
        self._prepared = (priority, source)
        self.changes += 1

    def _made(self, priority: int, source: Address) -> list[tuple[Link, Address, bytes]]:
        advertisement = self._advertisement(priority)
        return [
            (
                link,
                destination,
                advertisement_packet(advertisement, link.source(source), destination, self.form),
            )
            for link in self._links.usable()
            for destination in link.destinations
        ]

    def _refused(self, link: Link, destination: Address, error: KernelError) -> None:
        self._counters.add("send_errors")
        self._journal.warn_rarely(
            "send_failed",
            str(error),
            topic=f"{link.place} {destination}",
            virtual_router=self._config,
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


def _first_form(config: VirtualRouterConfig) -> ChecksumForm:
    """Return the form until a peer was heard: what the installed base understands, by default."""
    if config.checksum is ChecksumPolicy.RFC9568:
        return ChecksumForm.MESSAGE_ONLY
    return ChecksumForm.PSEUDO_HEADER
