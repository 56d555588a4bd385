"""Judges planned moves: an address that an operator moves is always answered (decision 6)."""

from collections.abc import Iterator

from pyvrrp.identity import InterfaceAddress, VirtualRouterId
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import AskedMove, ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.scenario.fault import FaultKind, ServiceHealth
from pyvrrp.simulator.world.node import SimulatedNode


class HandoverJudge(Judge):
    """Records the orders of operators, and since when each address has had a holder."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.served: dict[tuple[VirtualRouterId, InterfaceAddress], int] = {}

    def ordered(self, node: SimulatedNode, order: FaultKind) -> None:
        """Record an order of an operator at the instant at which the daemon receives it."""
        self._facts.version += 1
        for router in self._facts.on_node[node.name]:
            router.ordered_at = self._engine.now
            if order in {FaultKind.UNDRAIN, FaultKind.UNDO_RESIGN}:
                self._undone(router, order)
                continue
            if order is FaultKind.DRAIN:
                router.drained = True
            if router.is_master():
                router.resigned = router.resigned or order is FaultKind.RESIGN
                here = router.here()
                successors = tuple(self.successors(router))
                router.move = AskedMove(order, self._engine.now, here, successors)
            elif (
                router.move is not None and router.handing_over() and order is not FaultKind.RESIGN
            ):
                router.move.order = order

    def _undone(self, router: ObservedRouter, order: FaultKind) -> None:
        if order is FaultKind.UNDRAIN:
            router.drained = False
        router.resigned = router.takeover.defers = False
        router.undrained_at = self._engine.now

    def gained(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Record that a node has an address."""
        self.served.setdefault((router.id, address), self._engine.now)

    def lost(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Judge a node that no longer has an address, though it was not deleted by hand."""
        if any(address in other.held for other in self._facts.by_id[router.id]):
            return
        self.served.pop((router.id, address), None)
        if router.exclusive:
            return  # decision 7: it lets go before the next node takes over
        if self._is_upset(router) or router.node.awake_since is None:
            return
        self._case(InvariantName.NO_GAP)
        move = router.move
        if move is None or any(self.is_still_able(one, move.at) for one in move.successors):
            asked = "without an order" if move is None else f"when asked to {move.order}"
            self._broken(
                InvariantName.NO_GAP,
                router.who,
                f"removed {address} {asked}, and no other node has it",
            )

    def failed(self, router: ObservedRouter) -> None:
        """Judge a daemon that reports that no successor came; one that can send has said so."""
        self.judge(router)
        if router.is_master() and router.interface.card.refuses:
            router.move = None
            self._facts.version += 1

    def judge(self, router: ObservedRouter) -> int:
        """Judge how long a handover lasts; return until when it may last."""
        awake = router.node.awake_since
        if router.move is None or not router.handing_over() or awake is None:
            return FOREVER
        self._note(InvariantName.HANDOVER)
        begun = max(router.move.at, awake)
        return self._judge_duration(
            begun,
            self._bounds.handing_over(router.config),
            InvariantName.HANDOVER,
            router.who,
            "has been handing over for {}",
        )

    def _is_upset(self, router: ObservedRouter) -> bool:
        rest = self._bounds.at_rest(router.id, router.config)
        since = self._disturbances.unplanned_until
        return bool(self._disturbances.unplanned_faults) or self._engine.now - since < rest

    def successors(self, router: ObservedRouter) -> Iterator[ObservedRouter]:
        """Yield backups that are healthy and have heard this master for long enough."""
        if self._is_upset(router):
            return
        rest = self._bounds.at_rest(router.id, router.config)
        for other in self._facts.by_id[router.id]:
            since = latest(
                (
                    self._facts.able_since(other),
                    self._facts.know_each_other_since(router, other),
                    other.healthy_since(),
                    *(one.state_since if one.state == "BACKUP" else None for one in other.members),
                )
            )
            if since is None or self._engine.now - since < rest:
                continue
            checks = (other.node.checks[name] for name in other.fence)
            prompt = all(check.service.health is ServiceHealth.OK for check in checks)
            here = other.here()
            if prompt and all(c.open(here) for c in other.checks()) and not other.drained:
                yield other

    def is_still_able(self, successor: ObservedRouter, since: int) -> bool:
        """Whether it has stayed able to take over since a move began."""
        well = self._facts.able_since(successor)
        asked = successor.drained or successor.move is not None
        return well is not None and well <= since and not asked
