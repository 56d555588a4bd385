"""Records which invariant was broken: each once for a virtual router on a node."""

from pyvrrp.simulator.judges.rules.invariants import InvariantName, Violation
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.units import Nanoseconds, in_words


def words(nanoseconds: int) -> str:
    """Return a duration in words."""
    return in_words(Nanoseconds(nanoseconds))


class Verdicts:
    """The violations found so far."""

    def __init__(self, engine: Engine, trace: Trace) -> None:
        self.violations: list[Violation] = []
        self._engine = engine
        self._trace = trace
        self._known: set[tuple[InvariantName, str]] = set()

    def broken(self, name: InvariantName, who: str, what: str) -> None:
        """Record that *who* has just broken the invariant *name*; *what* has the numbers."""
        if (name, who) in self._known:
            return
        self._known.add((name, who))
        self.violations.append(Violation(Nanoseconds(self._engine.now), name, who, what))
        self._trace.note(who, "violation", f"VIOLATION {name}: {what}", invariant=str(name))
