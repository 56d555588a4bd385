"""What an operator tells daemons: to stop, drain, undrain, resign, or take another priority.

A daemon receives a command when it runs: it waits in the socket of a stopped daemon, and a dead one
never receives it.
"""

from functools import partial

from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.world.engine import Job
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.world import World
from pyvrrp.virtual_router.parameters import OWNER


class SimulatedOperator:
    """Gives commands to daemons, and tells the observer when they are received."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stop(self, node: SimulatedNode) -> None:
        """Stop the daemon in order, as the service manager does."""
        if node.running and not node.stopping:
            self._world.observer.ordered(node, FaultKind.STOP)
            node.stop(partial(self._stopped, node))

    def drain(self, node: SimulatedNode) -> None:
        """Have the node hand over and stay out of the election."""
        self._command(node, partial(self._drain, node))

    def undrain(self, node: SimulatedNode) -> None:
        """Let the node take part again."""
        self._command(node, partial(self._undrain, node))

    def resign(self, node: SimulatedNode) -> None:
        """Have the node hand over once."""
        self._command(node, partial(self._resign, node))

    def undo_resign(self, node: SimulatedNode) -> None:
        """Let the node preempt again."""
        self._command(node, partial(self._undo_resign, node))

    def priority(self, node: SimulatedNode, priority: int | None) -> None:
        """Have the node use this priority; None: that of its file again."""
        self._command(node, partial(self._priority, node, priority))

    def _command(self, node: SimulatedNode, job: Job) -> None:
        if node.process is not None:
            node.process.io(partial(_obey, node, job))

    def _stopped(self, node: SimulatedNode) -> None:
        self._world.trace.note(node.name, "stopped", "daemon has stopped")
        self._world.observer.daemon_stopped(node)

    def _drain(self, node: SimulatedNode) -> None:
        if not node.stopping:
            self._world.observer.ordered(node, FaultKind.DRAIN)
            configured = node.spec.configuration.virtual_routers
            node.drained = frozenset(config.name for config in configured)
            for router in node.routers():
                router.drain(drained=True)

    def _undrain(self, node: SimulatedNode) -> None:
        if not node.stopping:
            node.drained = frozenset()
            self._world.observer.ordered(node, FaultKind.UNDRAIN)
            for router in node.routers():
                router.undo_resign()
                router.drain(drained=False)

    def _resign(self, node: SimulatedNode) -> None:
        if not node.stopping:
            self._world.observer.ordered(node, FaultKind.RESIGN)
            for router in node.routers():
                router.resign()

    def _undo_resign(self, node: SimulatedNode) -> None:
        if not node.stopping:
            self._world.observer.ordered(node, FaultKind.UNDO_RESIGN)
            for router in node.routers():
                router.undo_resign()

    def _priority(self, node: SimulatedNode, priority: int | None) -> None:
        self._world.observer.priority_given(node, priority)
        for router in node.routers():
            if router.config.priority != OWNER:
                router.set_priority(priority)


def _obey(node: SimulatedNode, job: Job) -> None:
    # As the daemon does with each order.
    if node.supervisor is not None:
        node.supervisor.look_at_clock()
    job()
