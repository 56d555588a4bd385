"""Other hosts that claim an address while this node holds it: reported, counted, in status."""

from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.ports import Claim, Clock
from pyvrrp.runtime.addresses.announcer import LOOK_FOR_OTHERS_EVERY
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.units import SECOND, Nanoseconds

MOST = 8  # remembered at a time: hardware addresses are easy to forge
GONE_AFTER = Nanoseconds(2 * LOOK_FOR_OTHERS_EVERY + SECOND)  # two questions without an answer


@dataclass(frozen=True, slots=True)
class OtherHolder:
    """Another host that claimed *address*, last at *at*."""

    address: Address
    mac: bytes
    at: Nanoseconds


class OtherHolders:
    """The other holders of one virtual router's addresses while this node is master."""

    def __init__(
        self, config: VirtualRouterConfig, clock: Clock, journal: Journal, counters: Counters
    ) -> None:
        self._config = config
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._known: dict[tuple[Address, bytes], Nanoseconds] = {}
        self._forget = DeadlineTimer(clock, self._forget_the_silent)

    @property
    def known(self) -> tuple[OtherHolder, ...]:
        """The hosts that claimed lately, in the order in which they were first heard."""
        return tuple(OtherHolder(address, mac, at) for (address, mac), at in self._known.items())

    def heard(self, claim: Claim) -> None:
        """Note a claim of an address that is held here."""
        now = self._clock.now()
        self._counters.add("address_conflicts")
        if (claim.address, claim.mac) in self._known or len(self._known) < MOST:
            self._known[claim.address, claim.mac] = now
            self._forget_later()
        mac = claim.mac.hex(":")
        self._journal.warn_rarely(
            "address_conflict",
            f"{claim.address} is claimed by {mac} too",
            topic=str(claim.address),
            virtual_router=self._config,
            fields={"address": str(claim.address), "mac": mac},
        )

    def stop(self) -> None:
        """Forget all of them: this node holds no address any more."""
        self._known.clear()
        self._forget.set(None)

    def _forget_later(self) -> None:
        self._forget.set(Nanoseconds(min(self._known.values()) + GONE_AFTER))

    def _forget_the_silent(self) -> None:
        now = self._clock.now()
        for (address, mac), at in tuple(self._known.items()):
            if now - at >= GONE_AFTER:
                del self._known[address, mac]
                self._journal.record(
                    "address_conflict_over",
                    f"{address} is not claimed by {mac.hex(':')} any more",
                    virtual_router=self._config,
                    fields={"address": str(address), "mac": mac.hex(":")},
                )
        if self._known:
            self._forget_later()
