"""What all judges have in common."""

from dataclasses import dataclass

from pyvrrp.simulator.judges.observed.disturbances import Disturbances
from pyvrrp.simulator.judges.observed.facts import Facts
from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Shares
from pyvrrp.simulator.judges.rules.verdicts import Verdicts, words
from pyvrrp.simulator.world.engine import Engine


@dataclass(frozen=True, slots=True)
class Case:
    """What the judges of one world share."""

    facts: Facts
    disturbances: Disturbances
    bounds: Bounds
    engine: Engine
    verdicts: Verdicts
    shares: Shares


class Judge:
    """Judges one subject."""

    def __init__(self, case: Case) -> None:
        self._facts = case.facts
        self._disturbances = case.disturbances
        self._bounds = case.bounds
        self._engine = case.engine
        self._broken = case.verdicts.broken
        self._note = case.shares.note
        self._case = case.shares.case

    def _judge_duration(
        self, since: int, limit: int, name: InvariantName, who: str, what: str
    ) -> int:
        """Judge that what began at *since* has not lasted longer than *limit*.

        *what* has ``{}`` where the report shows the duration. Return the last instant at which the
        invariant cannot be broken.
        """
        lasted = self._engine.now - since
        if lasted > limit:
            self._broken(name, who, what.format(words(lasted)))
        return since + limit
