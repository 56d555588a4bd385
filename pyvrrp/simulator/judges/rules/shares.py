"""How much of what the invariants speak of is judged, and why the rest is not.

What lasts is counted in nanoseconds of simulated time, what happens at an instant in cases. Nothing
is counted where the sentence of an invariant does not speak of what happens: a node that is not
fenced, for example, counts nothing for `fenced-holds-nothing`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pyvrrp.simulator.judges.rules.invariants import INVARIANTS, InvariantName
from pyvrrp.units import SECOND


class Suspension(StrEnum):
    """Why an invariant is not judged; ``docs/simulator.md`` has the reasons."""

    ENDLESS = "endless-addresses"
    ETCD = "etcd-not-reached"
    KEY = "key-elsewhere"
    HOLDER = "holder-not-well"


Noted: TypeAlias = tuple[InvariantName, Suspension | None]


@dataclass(frozen=True, slots=True)
class Share:
    """What was judged of one invariant, and what was not, by reason.

    Both are nanoseconds if it *lasts*, and numbers of cases otherwise.
    """

    name: InvariantName
    judged: int
    suspended: Mapping[Suspension, int]
    lasts: bool

    @property
    def whole(self) -> int:
        """What the invariant speaks of, judged or not."""
        return self.judged + sum(self.suspended.values())

    @property
    def part(self) -> float | None:
        """The judged part; None: nothing happened that the invariant speaks of."""
        return self.judged / self.whole if self.whole else None

    def __str__(self) -> str:
        if not self.whole:
            return f"{self.name}: nothing happened that it speaks of"
        of = f"{self.whole / SECOND:.0f} s" if self.lasts else f"{self.whole} cases"
        parts = (f"{why} {_percent(n / self.whole)}" for why, n in sorted(self.suspended.items()))
        return ", ".join((f"{self.name}: {_percent(self.judged / self.whole)} of {of}", *parts))

    def as_values(self) -> dict[str, object]:
        """Return it for programs."""
        unit = SECOND if self.lasts else 1
        return {
            "invariant": str(self.name),
            "judged": None if self.part is None else round(self.part, 6),
            "of": round(self.whole / unit, 3),
            "unit": "s" if self.lasts else "cases",
            "suspended": {str(why): round(n / unit, 3) for why, n in self.suspended.items()},
        }


@dataclass(slots=True)
class Shares:
    """Counts of one simulation, or of several."""

    durations: Counter[Noted] = field(default_factory=Counter)
    cases: Counter[Noted] = field(default_factory=Counter)
    _noted: list[Noted] = field(default_factory=list)

    def note(self, name: InvariantName, why: Suspension | None = None) -> None:
        """Take note that the rule that is being judged judges *name*, or why it does not."""
        self._noted.append((name, why))

    def taken(self) -> tuple[Noted, ...]:
        """Return what was noted since the last call."""
        noted = tuple(self._noted)
        self._noted.clear()
        return noted

    def lasted(self, noted: Iterable[Noted], duration: int) -> None:
        """Count *duration* for what a rule has noted."""
        for one in noted:
            self.durations[one] += duration

    def case(self, name: InvariantName, why: Suspension | None = None) -> None:
        """Count one case that was judged, or why it was not."""
        self.cases[name, why] += 1

    def add(self, other: "Shares") -> None:
        """Count what another simulation has counted, too."""
        self.durations.update(other.durations)
        self.cases.update(other.cases)

    def share(self, name: InvariantName) -> Share:
        """Return what was judged of one invariant."""
        lasts = any(one is name for one, _ in self.durations)
        counts = self.durations if lasts else self.cases
        suspended = {why: n for (one, why), n in counts.items() if one is name and why and n}
        return Share(name, counts[name, None], suspended, lasts)

    def all(self) -> list[Share]:
        """Return the shares of all invariants, in their order."""
        return [self.share(invariant.name) for invariant in INVARIANTS]

    def lowest(self) -> Share:
        """Return the lowest share of the invariants of which anything happened."""
        happened = [share for share in self.all() if share.part is not None]
        return min(happened, key=lambda share: share.part or 0.0)


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"
