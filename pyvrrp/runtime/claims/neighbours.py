"""Ask the neighbours who has the addresses, before a claim because the master is silent.

A silent master may be alive: a filter drops VRRP, or a switch has lost the multicast group. Or its
daemon is dead, and its kernel answers until the address lease ends (with keepalived: for ever).
This node cannot tell these cases apart, so the operator decides what an answer means
(``claim_probe``).
"""

from pyvrrp.config.model.configuration import ClaimProbePolicy
from pyvrrp.ports import Claim, Clock
from pyvrrp.runtime.addresses.neighbour_query import Answer, NeighbourQuery
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words

PATIENCE = Nanoseconds(50 * MILLISECOND)  # after each of three questions
MOST_DEFERRALS = 3  # Master_Down_Intervals that "defer" waits for a holder to stop answering
LEAST_PAUSE = SECOND  # between two queries while another host has the addresses
CLEAR_FOR = SECOND  # how long a negative answer is valid, if another concern delays the claim


class ClaimProbe(BaseConcern):
    """Delays a claim until it is known whether another host has the addresses."""

    name = "neighbours"

    def __init__(
        self, router: RouterControl, interface: Interface, clock: Clock, journal: Journal
    ) -> None:
        self._router = router
        self._config = router.config
        self._policy = router.config.claim_probe
        self._addresses = tuple(address.ip for address in router.config.local_addresses)
        self._interface = interface
        self._clock = clock
        self._journal = journal
        self._query = NeighbourQuery(clock, interface, PATIENCE)
        self._holder: Claim | None = None
        self._deferrals = 0
        self._clear_at: Nanoseconds | None = None
        self._again = DeadlineTimer(clock, self._ask)

    def configuration_changed(self) -> None:
        """Ask for the addresses of the new configuration; what is known of others is forgotten."""
        self._config = self._router.config
        self._policy = self._config.claim_probe
        self._addresses = tuple(address.ip for address in self._config.addresses)
        self.released()

    def stop(self) -> None:
        """Ask nobody any more."""
        self.released()

    def claim_due(self) -> None:
        """Ask the neighbours, unless the answer is known or does not matter."""
        if not self._router.is_silence_why or self._is_clear:
            return
        # The advertisement is sent first: the questions leave in a later turn of the loop.
        if self._policy is ClaimProbePolicy.WARN or self._holder is None:
            self._ask()

    def may_claim(self) -> str | None:
        """Return None if no host has the addresses, or if that does not matter."""
        if not self._router.is_silence_why or self._policy is ClaimProbePolicy.WARN:
            return None
        if self._is_clear:
            return None
        if self._holder is None:
            return "the neighbours to say whether somebody has the addresses"
        mac = self._holder.mac.hex(":")
        return f"{mac} to have {self._holder.address} no longer{self._at_most()}"

    @property
    def _is_clear(self) -> bool:
        return self._clear_at is not None and self._clock.now() - self._clear_at <= CLEAR_FOR

    def released(self) -> None:
        """Forget all answers: the claim is over, or the router is not master any more."""
        self._query.cancel()
        self._again.set(None)
        self._interface.watch(self, ())
        self._holder = None
        self._deferrals = 0
        self._clear_at = None

    def address_claimed(self, claim: Claim) -> None:
        """Take note that another host has one of the addresses."""
        self._query.heard(claim)

    def _ask(self) -> None:
        if not self._query.under_way:
            self._interface.watch(self, self._addresses)
            self._query.ask(self._addresses, self._answered)

    def _answered(self, answer: Answer) -> None:
        self._interface.watch(self, ())
        if answer.error:
            self._journal.warn_rarely(
                "announcement_failed", answer.error, virtual_router=self._config
            )
        holder = answer.claim
        if self._policy is ClaimProbePolicy.WARN:
            if holder is not None and self._router.is_master:
                self._claims_although(holder)
        elif holder is None:
            self._go_ahead()
        elif self._policy is ClaimProbePolicy.DEFER and self._deferrals == MOST_DEFERRALS:
            self._claims_although(holder)
            self._go_ahead()
        else:
            self._hold_back(holder)

    def _go_ahead(self) -> None:
        self._holder = None
        self._deferrals = 0
        self._clear_at = self._clock.now()
        self._router.retry_claim()

    def _hold_back(self, holder: Claim) -> None:
        self._holder = holder
        pause = max(self._router.master_down_interval, LEAST_PAUSE)
        if self._policy is ClaimProbePolicy.DEFER:
            self._deferrals += 1
            pause = self._router.master_down_interval
        self._again.set(Nanoseconds(self._clock.now() + pause))
        mac = holder.mac.hex(":")
        self._router.count("claims_held_back")
        self._journal.warn_rarely(
            "claim_held_back",
            f"the master is silent, but {holder.address} is at {mac}: claims nothing and asks "
            f"again in {in_words(pause)}{self._at_most()}",
            virtual_router=self._config,
            fields={"address": str(holder.address), "mac": mac},
        )

    def _claims_although(self, holder: Claim) -> None:
        mac = holder.mac.hex(":")
        self._router.count("claims_contested")
        self._journal.record(
            "claim_contested",
            f"claimed although {holder.address} is at {mac}: either its advertisements do not "
            "arrive here, or its daemon is dead and its kernel answers still",
            level=Level.ERROR,
            virtual_router=self._config,
            fields={"address": str(holder.address), "mac": mac},
        )

    def _at_most(self) -> str:
        if self._policy is not ClaimProbePolicy.DEFER:
            return ""
        return f" (wait {self._deferrals} of {MOST_DEFERRALS})"
