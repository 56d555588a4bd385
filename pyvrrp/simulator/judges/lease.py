"""Judges what a lease in etcd promises: never two holders, at any instant, whatever happens.

The truth is what the kernels have. A machine that is suspended answers nobody; one that wakes up
still has what it had, until its daemon has run or its kernel has counted to the end: for so long,
and no longer, it is not held against it (`docs/lease.md`, "What it cannot do").
"""

from functools import partial

from pyvrrp.config.model.lease_times import holding_time
from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.bounds import Bounds
from pyvrrp.simulator.judges.facts import Facts
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.world.engine import Engine


class LeaseJudge:
    """Looks whenever an address comes, and when a machine has been awake for long enough."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._excused_until: dict[str, int] = {}

    def came(self, seat: ObservedRouter) -> None:
        """An address of the seat has come: nobody else may have it."""
        if seat.config.etcd_lease is not None:
            self._judge(seat.key)

    def woke(self, name: str, *, hidden: bool) -> None:
        """A machine was suspended and goes on, with whatever its kernel had."""
        for seat in self._facts.seats.values():
            lease = seat.config.etcd_lease
            if seat.node.name != name or lease is None:
                continue
            allowed = self._bounds.lease(seat.config)
            if hidden:
                # Its clock says that the proof is as young as before.
                allowed += self._bounds.stretched(int(holding_time(lease.ttl, lease.address_lease)))
            until = self._engine.now + allowed
            self._excused_until[name] = max(until, self._excused_until.get(name, 0))
            self._engine.at(until + 1, partial(self._judge, seat.key))

    def _judge(self, key: VirtualRouterId) -> None:
        holders = [seat for seat in self._facts.by_key[key] if self._holds(seat)]
        self._require(
            len(holders) < 2,  # noqa: PLR2004 - two are too many
            InvariantName.NEVER_TWO,
            " and ".join(seat.who for seat in holders),
            "have an address together in spite of the lease",
        )

    def _holds(self, seat: ObservedRouter) -> bool:
        asleep = seat.node.kernel.suspended
        excused = self._engine.now <= self._excused_until.get(seat.node.name, -1)
        return bool(seat.held) and not asleep and not excused
