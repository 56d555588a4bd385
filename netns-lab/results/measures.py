"""Numbers about one change of master, from what the observer and the client saw."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from pyvrrp.testing.measure.outages import Observation, overlap
from results.timeline import Timeline, clip, total

_ONE_PACKET = 0.010  # seconds by which a window is begun earlier, for an answer on its way


@dataclass(frozen=True, slots=True)
class Window:
    """A change began at *start*: *old* is to lose the address, *new* to get it, by *end*."""

    start: float
    end: float
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Measures:
    """Seconds; None where there is nothing to measure. Those without "both" count from the start.

    *overshoot* is a ratio: last advertisement of the old to the first of the new master, over
    Master_Down_Interval.
    """

    outage: float | None = None
    first_advertisement: float | None = None
    first_answer: float | None = None
    released: float | None = None
    both_answered: float | None = None
    both_held: float | None = None
    overshoot: float | None = None

    def named(self) -> dict[str, float | None]:
        """Return the numbers by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def measure(
    timeline: Timeline,
    observed: Observation | None,
    window: Window,
    address: str,
    master_down_interval: float | None,
) -> Measures:
    """Evaluate one window."""
    advertised = _first([event.time for event in timeline.advertisements(window.new)], window)
    held = [
        clip(timeline.held(node, address, window.end), window.start, window.end)
        for node in (window.old, window.new)
    ]
    return Measures(
        outage=None if observed is None else _outage(observed, window),
        first_advertisement=advertised,
        first_answer=None if observed is None else _first_answer(observed, window),
        released=_released(timeline, window, address),
        both_answered=None if observed is None else _both_answered(observed, window),
        both_held=total(overlap(*held)),
        overshoot=_overshoot(timeline, window, advertised, master_down_interval),
    )


def _first(times: Sequence[float], window: Window) -> float | None:
    inside = [time - window.start for time in times if window.start <= time <= window.end]
    return min(inside, default=None)


def _outage(observed: Observation, window: Window) -> float:
    """Return the longest outage in which datagrams were lost: a mere delay is not one."""
    begin = window.start - _ONE_PACKET
    return max(
        (
            outage.duration
            for outage in observed.outages
            if outage.lost and begin <= outage.start < begin + window.end - window.start
        ),
        default=0.0,
    )


def _first_answer(observed: Observation, window: Window) -> float | None:
    starts = [run.start for run in observed.runs if run.node == window.new]
    return _first(starts, window)


def _released(timeline: Timeline, window: Window, address: str) -> float | None:
    ends = [end for _start, end in timeline.held(window.old, address, window.end)]
    if timeline.holds(window.old, address) and (not ends or ends[-1] >= window.end):
        ends = ends[:-1]
    return _first(ends, window)


def _both_answered(observed: Observation, window: Window) -> float | None:
    if not {window.old, window.new} <= observed.direct.keys():
        return None
    both = overlap(observed.direct[window.old], observed.direct[window.new])
    return total(clip(both, window.start, window.end))


def _overshoot(
    timeline: Timeline, window: Window, advertised: float | None, interval: float | None
) -> float | None:
    if advertised is None or not interval:
        return None
    first = window.start + advertised
    last = [event.time for event in timeline.advertisements(window.old) if event.time < first]
    return (first - last[-1]) / interval if last else None
