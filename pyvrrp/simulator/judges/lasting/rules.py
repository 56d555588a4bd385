"""Rules about how long something may last, judged only when they may have been broken."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from pyvrrp.simulator.judges.observed.facts import Facts
from pyvrrp.simulator.judges.rules.shares import Noted, Shares
from pyvrrp.simulator.world.engine import Engine

# Judges what lasts now, and returns the last instant at which it cannot be broken yet.
Rule: TypeAlias = Callable[[], int]


class LastingRules:
    """Some rules that are judged together.

    The instant at which a rule will be broken is known beforehand, unless something changes
    meanwhile. A change that can make it earlier increases `Facts.version`, and then all rules are
    judged again. Other changes, such as one more advertisement of a master, can only make it
    later: the rule takes them into account when the old instant has come.
    """

    __slots__ = (
        *("_at", "_engine", "_facts", "_noted", "_rules"),
        *("_shares", "_until", "_untils", "_version"),
    )

    def __init__(self, facts: Facts, engine: Engine, shares: Shares, rules: Iterable[Rule]) -> None:
        self._facts = facts
        self._engine = engine
        self._shares = shares
        self._rules = tuple(rules)
        self._noted: list[tuple[Noted, ...]] = [()] * len(self._rules)
        self._at = [0] * len(self._rules)
        self._version = -1
        self._untils: list[int] = []
        self._until = -1

    def look(self) -> None:
        """Judge each rule that may have been broken."""
        now = self._engine.now
        if self._version != self._facts.version:
            self._version = self._facts.version
            self._untils = [self._judge(index) for index in range(len(self._rules))]
        elif now > self._until:
            untils = self._untils
            for index, until in enumerate(untils):
                if now > until:
                    untils[index] = self._judge(index)
        else:
            return
        self._until = min(self._untils, default=now)

    def _judge(self, index: int) -> int:
        until = self._rules[index]()
        self.count(index)
        self._noted[index] = self._shares.taken()
        return until

    def count(self, index: int) -> None:
        """Count what a rule noted when it was judged last, until now."""
        now = self._engine.now
        if self._noted[index]:
            self._shares.lasted(self._noted[index], now - self._at[index])
        self._at[index] = now

    def end(self) -> None:
        """Count what all rules have noted, until the end of the simulation."""
        for index in range(len(self._rules)):
            self.count(index)

    def forget(self) -> None:
        """Judge all of them at the next `look`."""
        self._version = -1
