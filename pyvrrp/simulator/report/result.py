"""The result of a simulation."""

from dataclasses import dataclass

from pyvrrp.simulator.judges.rules.invariants import Violation
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.trace import TraceEntry


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Everything that happened in a scenario, and the invariants that did not hold."""

    scenario: Scenario
    trace: tuple[TraceEntry, ...]
    violations: tuple[Violation, ...]

    @property
    def good(self) -> bool:
        """Whether every invariant held."""
        return not self.violations
