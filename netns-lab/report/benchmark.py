"""The numbers of the benchmark, whether they reach their targets, and how both are shown."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite

from report.text import table

_FORMS: dict[str, Callable[[float], str]] = {
    "s": lambda seconds: f"{seconds * 1000:.1f}",
    "ratio": lambda ratio: f"{ratio:.4f}",
    "count": lambda count: f"{count:.0f}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Numbers of one measurement; *values* in seconds, or plain (unit "ratio", "count")."""

    what: str
    driver: str
    values: Sequence[float]
    unit: str = "s"

    @property
    def median(self) -> float:
        """The median, or infinity if nothing was measured."""
        return statistics.median(self.values) if self.values else float("inf")


@dataclass(frozen=True, slots=True)
class Target:
    """What was to be reached, and whether it was."""

    what: str
    measured: str
    limit: str
    held: bool


@dataclass(slots=True)
class Outcome:
    """All rows and targets."""

    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def judge(self, what: str, seconds: float, limit: float, said: str) -> None:
        """Note whether *seconds* is at most *limit*, which is called *said*."""
        measured = f"{seconds * 1000:.1f} ms"
        self.targets.append(Target(what, measured, f"at most {said}", seconds <= limit))

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON, which knows no infinity: null is "never"."""
        rows = [
            {**asdict(row), "values": [value if isfinite(value) else None for value in row.values]}
            for row in self.rows
        ]
        return {"rows": rows, "targets": [asdict(target) for target in self.targets]}

    def text(self) -> Iterator[str]:
        """Return the tables, line by line."""
        rows: list[tuple[str, ...]] = [
            ("measurement (ms; ratios and counts plain)", "driver", "n", "min", "median", "max")
        ]
        for row in self.rows:
            numbers = (min(row.values), row.median, max(row.values)) if row.values else ()
            shown = [_FORMS[row.unit](number) for number in numbers]
            rows.append((row.what, row.driver, str(len(row.values)), *shown))
        yield from table(rows)
        yield ""
        targets = [("target", "measured", "must be", "")]
        targets += [
            (target.what, target.measured, target.limit, "holds" if target.held else "MISSED")
            for target in self.targets
        ]
        yield from table(targets)
