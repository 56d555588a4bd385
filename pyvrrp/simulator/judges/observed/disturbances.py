"""Until when the effects of faults last: bounds that need a world at rest depend on it."""

from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.scenario.fault import Fault, FaultKind, ServiceHealth
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import MILLISECOND, SECOND

_EVERY = 250 * MILLISECOND  # while a world is restless it counts as disturbed so often
_RESTLESS = frozenset(
    {
        *(FaultKind.LOSS, FaultKind.DELAY, FaultKind.REORDER),
        *(FaultKind.KERNEL_SLOW, FaultKind.KERNEL_REFUSES, FaultKind.SEND_REFUSED),
    }
)
_ASKED_FOR = frozenset(
    {
        *(FaultKind.STOP, FaultKind.START, FaultKind.DRAIN, FaultKind.UNDRAIN),
        *(FaultKind.RESIGN, FaultKind.PRIORITY),
        *(FaultKind.WALL_STEP, FaultKind.INJECT),  # these must not change anything
    }
)
# What is done once leaves a world that comes to rest, unless it is to be undone later.
_AT_ONCE = frozenset(
    {FaultKind.CRASH, FaultKind.SERVICE, FaultKind.DELETE_ADDRESS, FaultKind.FORGE}
)


class Disturbances:
    """Counts the faults under way and keeps the instants at which their effects end.

    ``upsets`` are the faults under way that no operator asked for, and ``upset_until`` is when
    the effects of the others end. ``disturbed_until`` is when groups of nodes can be at rest.
    ``residues`` says for each host until when it feels what has ended.
    """

    def __init__(self, scenario: Scenario, bounds: Bounds, engine: Engine) -> None:
        self.residues: dict[str, int] = {}
        self.disturbed_until = 0
        self.upset_until = max((int(node.start) for node in scenario.nodes), default=0)
        self.upsets = 0
        self._nodes = {node.name: node for node in scenario.nodes}
        self._learned = max(
            (
                int(config.max_learned_interval)
                for node in scenario.nodes
                for config in node.configuration.virtual_routers
            ),
            default=0,
        )
        self._bounds = bounds
        self._engine = engine
        self._quiet_since = 0
        self._restless = 0  # faults under way that go on by chance, or on and off
        self._restless_until = 0

    def quiet_since(self) -> int:
        """Return since when nothing has happened that may change a state."""
        now = int(self._engine.now)
        until = now if self._restless else min(now, self._restless_until - 1)
        return max(self._quiet_since, until - until % _EVERY)

    def note(self) -> None:
        """Something has happened that may change states."""
        self._quiet_since = self._engine.now

    def begins(self, fault: Fault) -> None:
        """A fault is about to begin."""
        self._restless += _is_restless(fault)
        self._count(fault, 1)

    def ends(self, fault: Fault) -> None:
        """A fault is about to end."""
        self._restless -= _is_restless(fault)
        self._count(fault, -1)

    def has_begun(self, fault: Fault) -> int | None:
        """Take note of a fault's effects; return until when it disturbs groups, if it does."""
        if fault.kind is not FaultKind.FORGE:
            return None
        # Nobody is at rest before the longest wait that may come of it is over.
        until = self._engine.now + 4 * min(int(fault.interval), self._learned) + int(SECOND)
        self._restless_until = max(self._restless_until, until)
        self.disturb(until)
        return until

    def has_ended(self, fault: Fault) -> None:
        """Take note until when frames or requests of a fault's time are still about."""
        rest = 0
        if fault.kind in {FaultKind.DELAY, FaultKind.REORDER}:
            rest = int(fault.by)
        elif fault.kind is FaultKind.KERNEL_SLOW:
            rest = self._bounds.slowest_kernel
        elif fault.kind is FaultKind.KERNEL_REFUSES:
            rest = 6 * SECOND + self._bounds.kernel
        until = self._engine.now + rest
        self.upset_until = max(self.upset_until, until)
        self.residues[fault.node] = max(self.residues.get(fault.node, 0), until)

    def disturb(self, until: int) -> None:
        """Take note that no group is at rest before *until*."""
        self.upset_until = max(self.upset_until, until)
        self.disturbed_until = max(self.disturbed_until, until)

    def _count(self, fault: Fault, one: int) -> None:
        """Take note that something happens which no operator asked for, and until when."""
        if fault.kind in _ASKED_FOR:
            return
        until = int(self._engine.now)
        if fault.kind is FaultKind.SERVICE:
            until += self._bounds.noticed(self._nodes[fault.node].configuration)
        if fault.duration or fault.kind not in _AT_ONCE:
            self.upsets += one
        self.upset_until = max(self.upset_until, until)


def _is_restless(fault: Fault) -> bool:
    return fault.kind in _RESTLESS or (
        fault.kind is FaultKind.SERVICE and fault.health is ServiceHealth.FLAPPING
    )
