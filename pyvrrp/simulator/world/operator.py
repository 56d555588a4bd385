"""What an operator does to a node: stop, drain, undrain, resign. A daemon hears it when it runs."""

from collections.abc import Iterator
from functools import partial

from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter, OperatorOrder
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.world import World
from pyvrrp.virtual_router.parameters import OWNER


class Operator:
    """Gives commands to daemons, and tells the judges at the instant they are heard."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stop(self, node: SimulatedNode) -> None:
        """Stop the daemon in order, as the service manager does."""
        world = self._world

        def stopped() -> None:
            for seat in self._seats(node):
                world.verdicts.require(
                    not seat.held or world.facts.sound.get((node.name, seat.place)) is None,
                    InvariantName.STOPPED,
                    seat.who,
                    "stopped, and an address is still there",
                )
            world.note(node.name, "stopped", "daemon has stopped")
            world.time_judge.look()
            world.refresh()

        if node.running and not node.stopping:
            world.handovers.asked(node.name, OperatorOrder.STOP)
            node.stop(stopped)

    def drain(self, node: SimulatedNode) -> None:
        """Have the node hand everything over and stay out."""
        self._command(node, partial(self._drain, node))

    def undrain(self, node: SimulatedNode) -> None:
        """Let the node take part again."""
        self._command(node, partial(self._undrain, node))

    def resign(self, node: SimulatedNode) -> None:
        """Have the node hand over what it is master of, once."""
        self._command(node, partial(self._resign, node))

    def priority(self, node: SimulatedNode, priority: int | None) -> None:
        """Have the node stand with this priority; None: with that of its file again."""
        self._command(node, partial(self._priority, node, priority))

    def _command(self, node: SimulatedNode, job: partial[None]) -> None:
        # A command waits in the socket of a process that is stopped; a dead one hears nothing.
        if node.process is not None:
            node.process.io(job)

    def _drain(self, node: SimulatedNode) -> None:
        if not node.stopping:
            self._world.handovers.asked(node.name, OperatorOrder.DRAIN)
            node.drained = frozenset(seat.config.name for seat in self._seats(node))
            for instance in node.routers():
                instance.drain(drained=True)

    def _undrain(self, node: SimulatedNode) -> None:
        if not node.stopping:
            node.drained = frozenset()
            for seat in self._seats(node):
                seat.undrained(self._world.engine.now)
            for instance in node.routers():
                instance.drain(drained=False)

    def _resign(self, node: SimulatedNode) -> None:
        if not node.stopping:
            self._world.handovers.asked(node.name, OperatorOrder.RESIGN)
            for instance in node.routers():
                instance.resign()

    def _priority(self, node: SimulatedNode, priority: int | None) -> None:
        for seat in self._seats(node):
            seat.operator = priority
        for instance in node.routers():
            if instance.config.priority != OWNER:
                instance.set_priority(priority)

    def _seats(self, node: SimulatedNode) -> Iterator[ObservedRouter]:
        return (seat for (name, _), seat in self._world.facts.seats.items() if name == node.name)
