"""Until when the effects of faults last: bounds that need a world at rest depend on it."""

from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.scenario.fault import Fault, FaultKind, ServiceHealth
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import MILLISECOND, SECOND

LAST_RETRY = 30 * SECOND  # as docs/resources states it, not read from the code
_EVERY = 250 * MILLISECOND  # how often a restless world counts as disturbed
_RESTLESS = frozenset(
    {
        *(FaultKind.LOSS, FaultKind.DELAY, FaultKind.REORDER),
        *(FaultKind.KERNEL_SLOW, FaultKind.KERNEL_REFUSES, FaultKind.SEND_REFUSED),
    }
)
_ASKED_FOR = frozenset(
    {
        *(FaultKind.STOP, FaultKind.START, FaultKind.DRAIN, FaultKind.UNDRAIN),
        *(FaultKind.RESIGN, FaultKind.UNDO_RESIGN, FaultKind.PRIORITY),
        *(FaultKind.WALL_STEP, FaultKind.INJECT),  # these must not change anything
    }
)
# What is done once leaves a world that comes to rest, unless it is undone later.
_AT_ONCE = frozenset(
    {
        *(FaultKind.CRASH, FaultKind.SERVICE, FaultKind.DELETE_ADDRESS, FaultKind.FORGE),
        FaultKind.CHANGE_MAC,
    }
)


class Disturbances:
    """Counts the faults under way and records when their effects end.

    ``unplanned_faults`` is the number of faults under way that no operator ordered, and
    ``unplanned_until`` is when the effects of those that have ended are over. From
    ``disturbed_until`` on a group of nodes can be at rest. ``felt_until`` has for each host the
    instant at which the effects on it are over.
    """

    def __init__(self, scenario: Scenario, bounds: Bounds, engine: Engine) -> None:
        self.felt_until: dict[str, int] = {}
        self.disturbed_until = 0
        self.failing_until = 0  # commands of resources may fail, or be tried again
        self.unplanned_until = max((int(node.start) for node in scenario.nodes), default=0)
        self.unplanned_faults = 0
        self._nodes = {node.name: node for node in scenario.nodes}
        self._learned = max(
            (
                int(config.max_learned_interval)
                for node in scenario.nodes
                for config in node.configuration.virtual_routers
            ),
            default=0,
        )
        self._longest_interval = max(
            (
                int(config.advertisement_interval)
                for node in scenario.nodes
                for config in node.configuration.virtual_routers
            ),
            default=0,
        )
        self._bounds = bounds
        self._engine = engine
        self._quiet_since = 0
        self._restless = 0  # faults under way that act at random, or on and off
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
        """Record the effects of a fault; return until when it disturbs groups, if it does."""
        if fault.kind is FaultKind.FOREIGN:
            # Nobody claims while it speaks, nor for its Master_Down_Interval afterwards.
            silent = 4 * max(self._longest_interval, int(SECOND)) + int(SECOND)
            until = self._engine.now + int(fault.duration) + silent
            self._restless_until = max(self._restless_until, until)
            self.disturb(until)
            return until
        if fault.kind is not FaultKind.FORGE:
            return None
        # No node is at rest before the longest wait that may follow from it is over.
        until = self._engine.now + 4 * min(int(fault.interval), self._learned) + int(SECOND)
        self._restless_until = max(self._restless_until, until)
        self.disturb(until)
        return until

    def has_ended(self, fault: Fault) -> None:
        """Record until when frames or requests from the time of a fault are under way."""
        rest = 0
        if fault.kind in {FaultKind.DELAY, FaultKind.REORDER}:
            rest = int(fault.by)
        elif fault.kind is FaultKind.KERNEL_SLOW:
            rest = self._bounds.slowest_kernel
        elif fault.kind in {FaultKind.KERNEL_REFUSES, FaultKind.SEND_REFUSED}:
            # The pause of 5 s after a refusal.
            rest = 6 * SECOND + self._bounds.kernel
        until = self._engine.now + rest
        self.unplanned_until = max(self.unplanned_until, until)
        self.felt_until[fault.node] = max(self.felt_until.get(fault.node, 0), until)

    def resource_failed(self) -> None:
        """Record that a resource has failed: a stop may be tried again up to 30 s later."""
        self.failing_until = int(self._engine.now) + LAST_RETRY

    def slept(self, host: str, duration: int) -> None:
        """Record that *host* slept without its clock showing it: its pauses end so much later."""
        if host in self.felt_until:
            self.felt_until[host] += duration

    def disturb(self, until: int) -> None:
        """Record that no group is at rest before *until*."""
        self.unplanned_until = max(self.unplanned_until, until)
        self.disturbed_until = max(self.disturbed_until, until)

    def _count(self, fault: Fault, one: int) -> None:
        """Record that something happens which no operator ordered, and until when."""
        if fault.kind in _ASKED_FOR:
            return
        until = int(self._engine.now)
        if fault.kind is FaultKind.SERVICE:
            until += self._bounds.noticed(self._nodes[fault.node].configuration)
        if fault.duration or fault.kind not in _AT_ONCE:
            self.unplanned_faults += one
        self.unplanned_until = max(self.unplanned_until, until)


def _is_restless(fault: Fault) -> bool:
    return fault.kind in _RESTLESS or (
        fault.kind is FaultKind.SERVICE and fault.health is ServiceHealth.FLAPPING
    )
