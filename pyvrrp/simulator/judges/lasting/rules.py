"""Rules about how long something may last, judged only when they may have been broken."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from pyvrrp.simulator.judges.observed.facts import Facts
from pyvrrp.simulator.world.engine import Engine

# Judges what lasts now, and returns the last instant at which it cannot be broken yet.
Rule: TypeAlias = Callable[[], int]


class LastingRules:
    """Some rules, looked at together.

    What lasts breaks its rule at an instant that is known beforehand, unless something changes
    meanwhile. Changes that may bring that instant nearer give `Facts.version` another number, and
    then all rules are judged anew. Others, such as one more advertisement of a master, can only
    put it off: a rule finds them when its instant has come.
    """

    __slots__ = ("_engine", "_facts", "_rules", "_until", "_untils", "_version")

    def __init__(self, facts: Facts, engine: Engine, rules: Iterable[Rule]) -> None:
        self._facts = facts
        self._engine = engine
        self._rules = tuple(rules)
        self._version = -1
        self._untils: list[int] = []
        self._until = -1

    def look(self) -> None:
        """Judge each rule that may have been broken."""
        now = self._engine.now
        if self._version != self._facts.version:
            self._version = self._facts.version
            self._untils = [rule() for rule in self._rules]
        elif now > self._until:
            self._untils = [
                until if now <= until else rule()
                for rule, until in zip(self._rules, self._untils, strict=True)
            ]
        else:
            return
        self._until = min(self._untils, default=now)

    def forget(self) -> None:
        """Judge all of them at the next look."""
        self._version = -1
