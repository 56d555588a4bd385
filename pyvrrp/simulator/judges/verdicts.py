"""Where the judges write down what did not hold: each kind once per virtual router and node."""

from collections.abc import Callable

from pyvrrp.simulator.judges.invariants import InvariantName, Violation
from pyvrrp.simulator.world.engine import Engine


class Verdicts:
    """The violations found so far; *found* is told of each new one.

    What is *unjudged* has bounds that do not hold in this world.
    """

    def __init__(
        self,
        engine: Engine,
        found: Callable[[Violation], None],
        unjudged: frozenset[InvariantName] = frozenset(),
    ) -> None:
        self.violations: list[Violation] = []
        self._engine = engine
        self._found = found
        self._unjudged = unjudged
        self._known: set[tuple[InvariantName, str]] = set()

    def require(self, holds: bool, name: InvariantName, who: str, what: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Write down a violation of *name*, unless it *holds*."""
        if holds or name in self._unjudged or (name, who) in self._known:
            return
        self._known.add((name, who))
        violation = Violation(self._engine.now, name, who, what)
        self.violations.append(violation)
        self._found(violation)
