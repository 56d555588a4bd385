"""The numbers of the benchmark as tables and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from benchmarks.scale.case import CaseNumbers
from report.benchmark import Table, Target, target_table

_HEADER = (
    "virtual routers",
    "sent us",
    "received us",
    "memory MiB",
    "last takeover ms",
    "median ms",
    "false masters",
    "all up s",
    "other load",
)


@dataclass(frozen=True, slots=True)
class ScaleReport:
    """Everything that was measured, and what it must be."""

    numbers: Sequence[CaseNumbers]
    targets: Sequence[Target]
    notes: Sequence[str]

    def tables(self) -> Iterator[Table]:
        """Yield the tables of the report."""
        rows = [_HEADER, *map(_row, self.numbers)]
        yield Table("Many virtual routers: the cost of each advertisement", rows, _LEGEND)
        of_cases = [f"{_name(each)}: {note}" for each in self.numbers for note in each.notes]
        if notes := (*self.notes, *of_cases):
            yield Table("Notes", [("notes",), *((note,) for note in notes)])
        if self.targets:
            yield target_table(self.targets)

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON; null is what was not measured."""
        return {
            "numbers": [asdict(each) for each in self.numbers],
            "targets": [asdict(target) for target in self.targets],
            "notes": list(self.notes),
        }


_LEGEND = {
    "sent, received": "processor time, user and system, of all processes of a node for each "
    "advertisement: the master sends it, the backup receives it",
    "memory": "PSS of all processes of the master's node",
    "last takeover": "after the port of the master was cut: first advertisement of the new master, "
    "minus the old one's last, minus Master_Down_Interval; the latest of all virtual routers",
    "median": "the same, in the middle of all virtual routers",
    "false masters": "how often the node of lower priority became master while both started",
    "all up": "from the start until the better node had advertised every virtual router",
    "other load": "processors that anything else kept busy while sent and received were measured",
}


def _row(each: CaseNumbers) -> tuple[str, ...]:
    last = _form(each.last_takeover, 1000, 0)
    if each.taken_over is not None and each.taken_over != each.case.routers:
        last += f" ({each.taken_over} of {each.case.routers})"
    return (
        _name(each),
        _form(each.sent_cost, 1, 1),
        _form(each.received_cost, 1, 1),
        _form(each.memory, 1 / (1 << 20), 1),
        last,
        _form(each.median_takeover, 1000, 0),
        _form(each.false_masters, 1, 0),
        _form(each.all_masters, 1, 1),
        _form(each.foreign_load, 1, 2),
    )


def _name(each: CaseNumbers) -> str:
    return f"{each.case.routers} at {each.case.interval_ms} ms, {each.implementation}"


def _form(value: float | None, factor: float, digits: int) -> str:
    return "-" if value is None else f"{value * factor:.{digits}f}"
