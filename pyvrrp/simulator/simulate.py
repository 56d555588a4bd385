"""Runs one scenario."""

from pyvrrp.simulator.faults.injector import FaultInjector
from pyvrrp.simulator.judges.judges import Judges
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.engine import Engine, RunawayError
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.simulator.world.world import World


def simulate(scenario: Scenario, *, detailed: bool = True) -> SimulationResult:
    """Run *scenario* and judge it; the same scenario gives the same result, to the byte.

    *detailed*: the trace has every advertisement and every event, not only the important ones.
    """
    engine = Engine()
    trace = Trace(engine, detailed=detailed)
    world = World(scenario, engine, trace)
    judges = Judges(world)
    world.observe(judges)
    FaultInjector(world).plan()
    world.begin()
    judges.begin()
    broken = judges.verdicts.broken
    try:
        engine.run(scenario.duration)
        judges.end()
    except RunawayError as error:
        broken(InvariantName.RUNAWAY, "world", str(error))
    except Exception as error:  # noqa: BLE001 - whatever the program under test raises is a finding
        broken(InvariantName.NO_ERROR, "world", f"{type(error).__name__}: {error} {_where(error)}")
    violations = tuple(judges.verdicts.violations)
    return SimulationResult(scenario, tuple(trace.entries), violations, judges.shares)


def _where(error: BaseException) -> str:
    """Return the function that raised *error*."""
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f"(in {trace.tb_frame.f_code.co_qualname})"
        trace = trace.tb_next
    return place
