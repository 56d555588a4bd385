"""Other clusters on the same interface that use this VRID, or these addresses.

VRRP does not notice either mistake. Two clusters with one VRID silence each other's masters. One
address with two VRIDs has two masters. Each collision is reported once, and is in status as long as
its advertisements arrive.
"""

from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import SHOWN, Address, some_of
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.reception import Examined
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.units import SECOND, Nanoseconds

MOST = 8  # remembered at a time: senders are easy to forge
GONE_AFTER = Nanoseconds(60 * SECOND)  # longer than any interval


@dataclass(frozen=True, slots=True)
class Collision:
    """*sender* advertised *addresses* with *vrid*, last at *at*; the first 8 of them are kept."""

    sender: Address
    vrid: int
    addresses: tuple[Address, ...]
    at: Nanoseconds


class Collisions:
    """The collisions of one virtual router: a VRID or an address that another cluster uses too."""

    def __init__(
        self, config: VirtualRouterConfig, clock: Clock, journal: Journal, counters: Counters
    ) -> None:
        self._config = config
        self._addresses = frozenset(address.ip for address in config.addresses)
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._known: dict[tuple[Address, int], Collision] = {}

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Compare with the addresses of *config* from now on."""
        self._config = config
        self._addresses = frozenset(address.ip for address in config.addresses)

    @property
    def known(self) -> tuple[Collision, ...]:
        """The collisions of the last minute, in the order in which they were first heard."""
        self._forget_the_silent()
        return tuple(self._known.values())

    def same_vrid(self, sender: Address, heard: Advertisement) -> bool:
        """Check an advertisement with this VRID; return whether all its addresses are foreign."""
        addresses = heard.addresses
        if not addresses or not self._addresses.isdisjoint(addresses):
            return False
        listed = some_of(addresses)
        self._note(
            sender,
            heard.vrid,
            addresses,
            f"{sender} uses VRID {self._config.id.vrid} too, for other addresses: "
            f"{listed}; each silences the other's masters, so give one of them another VRID",
        )
        return True

    def other_vrid(self, examined: Examined) -> bool:
        """Check an advertisement with another VRID; return whether it has our addresses."""
        sender, heard = examined.source, examined.advertisement
        shared = tuple(address for address in heard.addresses if address in self._addresses)
        if not shared:
            return False
        listed = some_of(shared)
        self._note(
            sender,
            heard.vrid,
            shared,
            f"{sender} advertises {listed} with VRID {heard.vrid}, here it belongs to VRID "
            f"{self._config.id.vrid}: both have a master for it",
        )
        return True

    def _note(self, sender: Address, vrid: int, addresses: tuple[Address, ...], text: str) -> None:
        self._counters.add("vrid_collisions")
        key = (sender, vrid)
        known = self._known.get(key)
        if known is None:
            self._forget_the_silent()
            if len(self._known) == MOST:
                return
        kept = addresses[:SHOWN]  # a forged packet names 255
        self._known[key] = Collision(sender, vrid, kept, self._clock.now())
        if known is None:
            self._journal.record(
                "vrid_collision",
                text,
                level=Level.WARNING,
                virtual_router=self._config,
                fields={"sender": str(sender), "other_vrid": vrid},
            )

    def _forget_the_silent(self) -> None:
        oldest = self._clock.now() - GONE_AFTER
        self._known = {key: one for key, one in self._known.items() if one.at >= oldest}
