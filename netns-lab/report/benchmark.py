"""The numbers of a benchmark, whether they reach their targets, and how both are shown."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from math import isfinite
from typing import Protocol

from report.html import document
from report.text import table

_FORMS: dict[str, Callable[[float], str]] = {
    "s": lambda seconds: f"{seconds * 1000:.1f}",
    "ratio": lambda ratio: f"{ratio:.4f}",
    "count": lambda count: f"{count:.0f}",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: the first of *rows* is its header, *legend* explains its columns."""

    title: str
    rows: Sequence[Sequence[str]]
    legend: Mapping[str, str] = field(default_factory=dict)


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


class BenchmarkReport(Protocol):
    """What a benchmark has found."""

    @property
    def targets(self) -> Sequence[Target]:
        """What was to be reached."""
        ...

    def tables(self) -> Iterator[Table]:
        """Yield the tables of the report."""
        ...

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON."""
        ...


@dataclass(slots=True)
class FaultReport:
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

    def tables(self) -> Iterator[Table]:
        """Yield the measurements and the targets."""
        rows: list[tuple[str, ...]] = [
            ("measurement (ms; ratios and counts plain)", "driver", "n", "min", "median", "max")
        ]
        for row in self.rows:
            numbers = (min(row.values), row.median, max(row.values)) if row.values else ()
            shown = [_FORMS[row.unit](number) for number in numbers]
            rows.append((row.what, row.driver, str(len(row.values)), *shown))
        yield Table("The same faults, alternately", rows)
        yield target_table(self.targets)


def target_table(targets: Sequence[Target]) -> Table:
    """Return what was to be reached as a table."""
    header = ("target", "measured", "must be", "")
    return Table(
        "Targets",
        [
            header,
            *(
                (target.what, target.measured, target.limit, "holds" if target.held else "MISSED")
                for target in targets
            ),
        ],
    )


def benchmark_text(report: BenchmarkReport) -> str:
    """Return the report as text."""
    parts = []
    for each in report.tables():
        legend = [f"  {name}: {meaning}" for name, meaning in each.legend.items()]
        parts.append("\n".join([*table(each.rows), *([""] if legend else []), *legend]))
    return "\n\n".join(parts) + "\n"


def benchmark_page(title: str, report: BenchmarkReport) -> str:
    """Return the report as one HTML file that needs nothing else."""
    held = sum(target.held for target in report.targets)
    verdict = f"{held} of {len(report.targets)} targets hold"
    return document(title, verdict, _body(report), good=held == len(report.targets))


def _body(report: BenchmarkReport) -> Iterator[str]:
    for each in report.tables():
        yield f'<section><h2>{escape(each.title)}</h2><div class="wide"><table>'
        for number, row in enumerate(each.rows):
            tag = "td" if number else "th"
            kind = ' class="failed"' if row[-1] == "MISSED" else ""
            cells = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
            yield f"<tr{kind}>{cells}</tr>"
        yield "</table></div>"
        for name, meaning in each.legend.items():
            yield f"<p>{escape(name)}: {escape(meaning)}</p>"
        yield "</section>"
