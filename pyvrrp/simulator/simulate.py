"""Running one scenario: the library's one call."""

from dataclasses import dataclass

from pyvrrp.simulator.faults.inject import FaultInjector
from pyvrrp.simulator.judges.invariants import InvariantName, Violation
from pyvrrp.simulator.report.trace import TraceEntry
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.engine import RunawayError
from pyvrrp.simulator.world.world import World


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What came of a scenario: everything that happened, and what did not hold."""

    scenario: Scenario
    trace: tuple[TraceEntry, ...]
    violations: tuple[Violation, ...]

    @property
    def good(self) -> bool:
        """Whether every invariant held."""
        return not self.violations


def simulate(scenario: Scenario, *, detailed: bool = True) -> SimulationResult:
    """Run *scenario* and judge it; the same scenario gives the same outcome, to the byte.

    *detailed*: every advertisement and every event is in the trace, not the telling ones alone.
    """
    world = World(scenario, detailed=detailed)
    FaultInjector(world).plan()
    world.begin()
    try:
        world.engine.run(scenario.duration)
        world.time_judge.look()
    except RunawayError as error:
        world.verdicts.require(False, InvariantName.RUNAWAY, "world", str(error))
    except Exception as error:  # noqa: BLE001 - whatever the program under test raises is a finding
        said = f"{type(error).__name__}: {error} {_where(error)}"
        world.verdicts.require(False, InvariantName.NO_ERROR, "world", said)
    return SimulationResult(scenario, tuple(world.trace), tuple(world.verdicts.violations))


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"(in {code.co_qualname})"
        trace = trace.tb_next
    return place
