"""Judges what follows the death of a daemon with a guardian (decision 18)."""

from collections.abc import Iterable

from pyvrrp.identity import InterfaceAddress
from pyvrrp.simulator.judges.events.handover import HandoverJudge
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import KilledMaster, ObservedRouter
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.virtual_router.states import HandingOver, Master

_INTERVALS = 3  # without an advertisement, after which a daemon was hanging


class DeathJudge(Judge):
    """Records which routers may be handed over when their daemon is killed."""

    def __init__(self, case: Case, handovers: HandoverJudge) -> None:
        super().__init__(case)
        self._handovers = handovers
        # Routers that a suspended machine had: what ends when it goes on, if its clock hides that.
        self._killed_asleep: dict[ObservedRouter, tuple[ObservedRouter, ...]] = {}

    def killing(self, node: SimulatedNode) -> None:
        """Record the state of the routers of a daemon that is about to be killed."""
        if not node.alive:
            return
        self._facts.version += 1
        for router in self._facts.on_node[node.name]:
            if router.killed is not None and router.held:
                continue  # the guardian of an earlier daemon still hands over
            router.killed = None
            if not node.spec.configuration.guardian:
                continue
            here, asleep = router.here(), node.time.asleep_for()
            found = tuple(self._handovers.successors(router))
            if self._may(router, here):
                router.killed = KilledMaster(self._engine.now, found)
            elif asleep and self._may(router, here - asleep):
                self._killed_asleep[router] = found

    def waking(self, node: SimulatedNode, *, hidden: bool) -> None:
        """Record that a suspended machine goes on: what was killed meanwhile ends now.

        Its guardian knows nothing of a suspension that is *hidden* from the clock.
        """
        for router in self._facts.on_node[node.name]:
            found = self._killed_asleep.pop(router, None)
            if found is not None and hidden:
                router.killed = KilledMaster(self._engine.now, found)

    def gained(self, router: ObservedRouter) -> None:
        """Record that a later daemon has added an address."""
        router.killed = None

    def lost(self, router: ObservedRouter, address: InterfaceAddress) -> None:
        """Judge a guardian that removes an address before another node has it."""
        killed = router.killed
        if killed is None or self._is_held(self._facts.by_id[router.id], address):
            return
        able = (self._handovers.is_still_able(one, killed.at) for one in killed.successors)
        if self._nothing_else_happened(router, killed) and any(able):
            self._broken(
                InvariantName.NO_GAP,
                router.who,
                f"removed {address} after its daemon was killed, and no other node has it",
            )

    def _nothing_else_happened(self, router: ObservedRouter, killed: KilledMaster) -> bool:
        """Whether the death, and the start of a new daemon, are all that nobody planned."""
        node, disturbed = router.node, self._disturbances
        until = disturbed.unplanned_until
        ours = until <= killed.at or (node.simulated.alive and until == node.started_at)
        return ours and disturbed.unplanned_faults <= (0 if node.simulated.alive else 1)

    def released(self, router: ObservedRouter) -> None:
        """Judge an advertisement of priority 0 of a node without a daemon."""
        if router.killed is None and not router.node.simulated.alive:
            self._broken(
                InvariantName.REMOVED_FIRST,
                router.who,
                "its guardian sent priority 0, and it was not a master that may be handed over",
            )

    def _may(self, router: ObservedRouter, here: int) -> bool:
        if router.exclusive or router.state != "MASTER" or router.last_positive is None:
            return False
        running = router.running()
        if running is None or not isinstance(running.state, Master | HandingOver):
            return False
        own = int(router.config.advertisement_interval)
        silent = here - router.last_positive > self._bounds.stretched(_INTERVALS * own)
        if silent and not router.handing_over():
            return False
        closed = any(here >= check.closes_at() for check in router.checks())
        return router.last_resort or not closed

    @staticmethod
    def _is_held(routers: Iterable[ObservedRouter], address: InterfaceAddress) -> bool:
        return any(address in one.held for one in routers)
