"""One experiment as an inline SVG: a lane per node, the client, and what was done when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from results.result import ExperimentResult, Lane, LaneSpan, Mark

_WIDTH = 1160
_GUTTER = 225
_RIGHT = 20
_TOP = 46
_ROW = 18
_BAR = 13
_LANE_GAP = 16
_LEAD = 0.6  # seconds shown before the first mark
_NARROWEST_LABEL = 46
_TICKS = 10
_STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)


@dataclass(frozen=True, slots=True)
class _LaneScale:
    start: float
    end: float

    def x(self, time: float) -> float:
        """Return where *time* is drawn, inside the frame."""
        inside = min(max(time, self.start), self.end)
        return _GUTTER + (inside - self.start) / (self.end - self.start) * (
            _WIDTH - _GUTTER - _RIGHT
        )


def draw(result: ExperimentResult) -> str:
    """Return the `<svg>` element; its colours come from the style sheet of the page."""
    actions = [mark for mark in result.marks if not mark.node]
    origin = actions[0].time if actions else result.start
    scale = _LaneScale(origin - _LEAD, max(result.end, origin + 0.1))
    parts: list[str] = []
    y = _TOP
    for lane in result.lanes:
        parts += _lane(lane, scale, y, origin, [m for m in result.marks if m.node == lane.node])
        y += 4 * _ROW + _LANE_GAP
    parts += _client(result, scale, y, origin)
    bottom = y + _ROW + 6
    frame = [*_axis(scale, origin, bottom), *_actions(actions, scale, origin, bottom)]
    height = bottom + 30
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="Timeline: {escape(result.title, quote=True)}">'
        + "".join(frame)
        + "".join(parts)
        + "</svg>"
    )


def _lane(
    lane: Lane, scale: _LaneScale, y: int, origin: float, marks: Sequence[Mark]
) -> Iterator[str]:
    yield f'<text class="node" x="2" y="{y + 12}">{escape(lane.node)}</text>'
    yield f'<text class="caption" x="2" y="{y + 28}">{escape(lane.caption)}</text>'
    rows = (
        ("state", lane.states),
        ("address held", lane.held),
        ("answers", lane.answered),
        ("advertises", lane.advertised),
    )
    for number, (title, spans) in enumerate(rows):
        top = y + number * _ROW
        yield f'<text class="row" x="{_GUTTER - 8}" y="{top + 11}">{title}</text>'
        yield _track(top)
        for span in spans:
            yield _bar(span, scale, top, origin)
    for mark in marks:
        if mark.time >= scale.start:
            x = scale.x(mark.time)
            tip = f"{_at(mark.time, origin)} {lane.node}: {mark.title}"
            yield (
                f'<path class="event" d="M{x:.1f} {y - 1}l4 -7h-8z">'
                f"<title>{escape(tip)}</title></path>"
            )


def _client(result: ExperimentResult, scale: _LaneScale, y: int, origin: float) -> Iterator[str]:
    yield f'<text class="node" x="2" y="{y + 12}">client</text>'
    yield f'<text class="row" x="{_GUTTER - 8}" y="{y + 11}">gets answers</text>'
    yield _track(y)
    for lane in result.lanes:
        for span in lane.answered:
            yield _bar(LaneSpan(span.start, span.end, "answered", span.detail), scale, y, origin)
    for outage in result.outages:
        yield _bar(outage, scale, y, origin)


def _track(top: int) -> str:
    width = _WIDTH - _GUTTER - _RIGHT
    return f'<rect class="track" x="{_GUTTER}" y="{top}" width="{width}" height="{_BAR}"/>'


def _bar(span: LaneSpan, scale: _LaneScale, top: int, origin: float) -> str:
    if span.end < scale.start:
        return ""
    x, width = scale.x(span.start), max(scale.x(span.end) - scale.x(span.start), 1.5)
    kind = span.label.split(maxsplit=1)[0].lower()
    if span.label == "priority 0":
        kind = "goodbye"
    duration = (span.end - span.start) * 1000
    tip = f"{span.label}, from {_at(span.start, origin)} for {duration:.0f} ms\n{span.detail}"
    label = ""
    if width > _NARROWEST_LABEL and span.label.isupper():
        label = f'<text class="label" x="{x + 5:.1f}" y="{top + 10}">{escape(span.label)}</text>'
    return (
        f'<g><rect class="{escape(kind, quote=True)}" x="{x:.1f}" y="{top}" width="{width:.1f}" '
        f'height="{_BAR}" rx="2"/>{label}<title>{escape(tip)}</title></g>'
    )


def _axis(scale: _LaneScale, origin: float, bottom: int) -> Iterator[str]:
    span = scale.end - scale.start
    step = next((step for step in _STEPS if span / step <= _TICKS), _STEPS[-1])
    number = 0
    while origin + number * step <= scale.end:
        x = scale.x(origin + number * step)
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 10}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{number * step:g} s</text>'
        number += 1


def _actions(
    actions: Sequence[Mark], scale: _LaneScale, origin: float, bottom: int
) -> Iterator[str]:
    for number, mark in enumerate(actions, 1):
        x = scale.x(mark.time)
        tip = f"{number}. {_at(mark.time, origin)} {mark.title}"
        yield (
            f'<g class="action"><line x1="{x:.1f}" y1="24" x2="{x:.1f}" y2="{bottom}"/>'
            f'<circle cx="{x:.1f}" cy="14" r="9"/><text x="{x:.1f}" y="18">{number}</text>'
            f"<title>{escape(tip)}</title></g>"
        )


def _at(time: float, origin: float) -> str:
    return f"{time - origin:+.3f} s"
