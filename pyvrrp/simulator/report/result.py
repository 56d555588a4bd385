"""The result of a simulation."""

from dataclasses import dataclass

from pyvrrp.simulator.judges.rules.invariants import Violation
from pyvrrp.simulator.judges.rules.shares import Shares
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.trace import TraceEntry


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What happened in a scenario, the invariants that did not hold, and how much was judged."""

    scenario: Scenario
    trace: tuple[TraceEntry, ...]
    violations: tuple[Violation, ...]
    shares: Shares

    @property
    def good(self) -> bool:
        """Whether every invariant held."""
        return not self.violations
