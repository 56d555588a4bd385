"""Turn events into the lanes of a report: what each node was and did, and when."""

from collections.abc import Iterable, Sequence

from pyvrrp.testing.measure.outages import Observation
from results.result import Lane, LaneSpan, Mark
from results.timeline import LabEvent, Timeline

_TELLING = (
    "split_brain",
    "address_conflict",
    "address_restored",
    "fence",
    "waiting",
    "guardian_died",
    "check",
    "started",
    "stopped",
)


def lane(
    timeline: Timeline,
    observed: Observation | None,
    node: str,
    address: str,
    end: float,
    caption: str,
) -> Lane:
    """Return the lane of *node* up to *end*."""
    answered = () if observed is None else (run for run in observed.runs if run.node == node)
    return Lane(
        node,
        caption,
        states=_states(timeline.events("state", node), end),
        held=[
            LaneSpan(start, stop, "held", f"the kernel of {node} has {address}")
            for start, stop in timeline.held(node, address, end)
        ],
        answered=[
            LaneSpan(run.start, run.end, "answered", f"{run.count} answers from {node}")
            for run in answered
        ],
        advertised=_runs_of_advertisements(timeline.events("advertisement", node)),
    )


def telling_marks(timeline: Timeline) -> list[Mark]:
    """Return the daemon's own events that a reader wants to see on the timeline."""
    marks = []
    for event in timeline.events("log"):
        name = str(event.what.get("event", ""))
        if name in _TELLING:
            marks.append(Mark(event.time, event.node, f"{name}: {event.what.get('text', '')}"))
    return marks


def _states(events: Sequence[LabEvent], end: float) -> list[LaneSpan]:
    if not events:
        return []
    ends = [event.time for event in events[1:]] + [end]
    return [
        LaneSpan(event.time, stop, str(event.what["state"]), str(event.what["reason"]))
        for event, stop in zip(events, ends, strict=True)
        if stop > event.time
    ]


def _runs_of_advertisements(events: Iterable[LabEvent]) -> list[LaneSpan]:
    """Join advertisements of one priority that follow each other at their interval."""
    runs: list[LaneSpan] = []
    priority: object = None
    for event in events:
        patience = 1.9 * float(str(event.what["interval_ms"])) / 1000
        if runs and event.what["priority"] == priority and event.time - runs[-1].end < patience:
            runs[-1] = LaneSpan(runs[-1].start, event.time, runs[-1].label, runs[-1].detail)
        else:
            priority = event.what["priority"]
            detail = f"version {event.what['version']}, {event.what['interval_ms']} ms"
            runs.append(LaneSpan(event.time, event.time, f"priority {priority}", detail))
    return runs
