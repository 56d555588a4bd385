"""Judges each address at the instant at which it appears on an interface or disappears."""

from pyvrrp.identity import InterfaceAddress
from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.verdicts import words
from pyvrrp.simulator.world.machine.kernel import NOTICE
from pyvrrp.units import MILLISECOND


class AddressJudge(Judge):
    """Records which virtual router has which address in the kernel of its node."""

    def gained(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Record that an address has appeared."""
        now = self._engine.now
        router.held[address] = now
        # The daemon does not learn of an absence that is shorter than a notice takes.
        if now - router.lost.get(address, -int(NOTICE) * 5) > 4 * NOTICE:
            router.unacknowledged.add(address)

    def lost(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Record that an address has disappeared."""
        del router.held[address]
        router.lost[address] = self._engine.now
        router.unacknowledged.discard(address)

    def judge_silent(self, router: ObservedRouter) -> None:
        """Judge a master that takes an address although it could not send for a whole lease."""
        refused, awake = router.interface.refused_since, router.node.awake_since
        if refused is None or awake is None or not router.config.lease:
            return
        if router.state != "MASTER" or router.state_since > refused:
            return
        lasted = self._engine.now - max(refused, awake)
        if lasted > self._bounds.unsendable(router.config):
            self._broken(
                InvariantName.LEASE,
                router.who,
                f"could not send for {words(lasted)} and takes an address",
            )

    def deleted(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Judge soon whether a master puts an address back that was deleted by hand."""
        since, well = int(self._engine.now), router.interface.well_since()
        # A node that could not send puts nothing back before it has sent again.
        heard = router.last_sent is not None and well is not None and router.last_sent >= well
        young = since - router.state_since < 50 * MILLISECOND
        if heard and not young and router.is_master():
            due = self._bounds.stretched(int(NOTICE) + self._bounds.kernel)
            self._engine.after(due, self._judge_put_back, router, address, since)

    def _judge_put_back(
        self, router: ObservedRouter, address: InterfaceAddress, since: int
    ) -> None:
        well = router.interface.well_since()
        same = well is not None and well <= since and router.state_since <= since
        if same and router.is_master():
            self._case(InvariantName.PUT_BACK)
        # It may have been back, and have been deleted once more a moment ago.
        returned = address in router.held or router.lost.get(address, since) > since
        if same and not returned and router.is_master():
            self._broken(
                InvariantName.PUT_BACK, router.who, f"{address} was deleted and is not back"
            )
