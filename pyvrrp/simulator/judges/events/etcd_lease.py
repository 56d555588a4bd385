"""Judges what a lease in etcd promises: never two holders, at any instant, whatever happens.

What counts is what the kernels have. A suspended machine does not answer. A machine that wakes up
still has its addresses until its daemon has run or their lifetime is over: they count as a second
holder only from then on (`docs/lease.md`, "What it cannot do").
"""

from pyvrrp.config.model.lease_times import holding_time
from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.invariants import InvariantName


class EtcdLeaseJudge(Judge):
    """Judges when an address appears, and when a machine has been awake for long enough."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._excused_until: dict[str, int] = {}

    def gained(self, router: ObservedRouter) -> None:
        """Judge that no other node has an address when it appears."""
        if router.config.etcd_lease is not None:
            self._judge(router.id)

    def woke(self, name: str, *, hidden: bool) -> None:
        """Excuse a machine that was suspended, for as long as its old addresses may last."""
        for router in self._facts.on_node[name]:
            lease = router.config.etcd_lease
            if lease is None:
                continue
            allowed = self._bounds.lease(router.config)
            if hidden:
                # By its clock the proof of its key is no older than before.
                allowed += self._bounds.stretched(int(holding_time(lease.ttl, lease.address_lease)))
            until = self._engine.now + allowed
            self._excused_until[name] = max(until, self._excused_until.get(name, 0))
            self._engine.at(until + 1, self._judge, router.id)

    def _judge(self, router: VirtualRouterId) -> None:
        self._case(InvariantName.NEVER_TWO)
        holders = [one for one in self._facts.by_id[router] if self._holds(one)]
        if len(holders) > 1:
            self._broken(
                InvariantName.NEVER_TWO,
                " and ".join(one.who for one in holders),
                "have an address at the same time in spite of the lease in etcd",
            )

    def _holds(self, router: ObservedRouter) -> bool:
        asleep = router.node.simulated.kernel.suspended
        excused = self._engine.now <= self._excused_until.get(router.node.name, -1)
        return bool(router.held) and not asleep and not excused
