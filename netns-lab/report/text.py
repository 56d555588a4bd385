"""What was found, as text."""

from collections.abc import Iterable, Sequence

from results.result import ExperimentResult, ScenarioResult

COLUMNS = (
    ("outage", "outage"),
    ("first_advertisement", "first advert"),
    ("first_answer", "first answer"),
    ("released", "released"),
    ("both_answered", "both answered"),
    ("both_held", "both held"),
)


def scenario_text(result: ScenarioResult, *, timeline: bool = False) -> str:
    """Return the report of one scenario."""
    word = "skipped" if result.skipped else "passed" if result.passed else "FAILED"
    word += " beside others; runs again, alone" if result.repeated else ""
    lines = [f"{result.name}: {word}", _indent(result.promise)]
    if result.skipped:
        lines.append(f"  skipped: {result.skipped}")
    for experiment in result.experiments:
        lines += ["", *experiment_lines(experiment, timeline=timeline)]
    return "\n".join(lines)


def experiment_lines(result: ExperimentResult, *, timeline: bool) -> Iterable[str]:
    """Return the report of one experiment, line by line."""
    yield f"  {result.title} ({result.setting})"
    if timeline:
        yield from (f"    {line}" for line in timeline_lines(result))
        yield ""
    if result.changes:
        yield from _changes(result)
    if result.longest_stall:
        stall = in_milliseconds(result.longest_stall)
        yield f"    the client itself was never silent longer than {stall} ms"
    for check in result.checks:
        if not check.passed:
            yield f"    FAILED  {check.what}: {check.measured}, must be {check.limit}"
        elif not result.changes:
            yield f"    {check.what}: {check.measured} ({check.limit})"
    if result.error:
        yield f"    BROKEN OFF  {result.error}"


def _changes(result: ExperimentResult) -> Iterable[str]:
    header = ["milliseconds from the event", *(title for _name, title in COLUMNS)]
    rows = [
        [
            f"{change.title}; {change.old} -> {change.new}",
            *(in_milliseconds(change.measures.named()[name]) for name, _title in COLUMNS),
        ]
        for change in result.changes
    ]
    yield from (f"    {line}" for line in table([header, *rows]))
    ratios = [change for change in result.changes if change.measures.overshoot is not None]
    for change in ratios:
        ratio = change.measures.overshoot
        yield f"    {change.title}: {ratio:.3f} x Master_Down_Interval between advertisements"


def timeline_lines(result: ExperimentResult) -> list[str]:
    """Return everything that happened, in order, in seconds since the lab acted first."""
    origin = next((mark.time for mark in result.marks if not mark.node), result.start)
    told = [(mark.time, mark.node or "lab", mark.title) for mark in result.marks]
    for lane in result.lanes:
        told += [(span.start, lane.node, f"{span.label}: {span.detail}") for span in lane.states]
        told += [(span.start, lane.node, "has the address") for span in lane.held]
        told += [
            (span.end, lane.node, "the address is gone")
            for span in lane.held
            if span.end < result.end
        ]
        told += [(span.start, "client", f"answered by {lane.node}") for span in lane.answered]
        told += [(span.start, lane.node, f"advertises {span.label}") for span in lane.advertised]
    told += [
        (span.start, "client", f"no answer for {span.detail}")
        for span in result.outages
        if span.label == "outage"
    ]
    return [f"{time - origin:+9.3f}  {who:<7} {what}" for time, who, what in sorted(told)]


def in_milliseconds(seconds: float | None) -> str:
    """Return a number of the table."""
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return *rows* in columns: the first to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _indent(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
