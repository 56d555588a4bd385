"""Draws a simulation as an inline SVG: a lane for each node and client, and the faults."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.world.trace import TraceEntry
from pyvrrp.units import SECOND

_WIDTH = 1160
_GUTTER = 190
_RIGHT = 20
_TOP = 46
_ROW = 18
_BAR = 13
_LANE_GAP = 16
_NARROWEST_LABEL = 46
_TICKS = 10
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0, 3600.0)


@dataclass(frozen=True, slots=True)
class _Bar:
    start: float
    end: float
    label: str
    tip: str


@dataclass(frozen=True, slots=True)
class _TimeAxis:
    end: float

    def x(self, time: float) -> float:
        """Return where *time* is drawn."""
        return _GUTTER + time / self.end * (_WIDTH - _GUTTER - _RIGHT)


def draw(outcome: SimulationResult) -> str:
    """Return the `<svg>` element; its colours come from the style sheet of the page."""
    end = outcome.scenario.duration / SECOND
    scale = _TimeAxis(end)
    parts: list[str] = []
    y = _TOP
    for node in outcome.scenario.nodes:
        entries = [entry for entry in outcome.trace if entry.who == node.name]
        rows = {"state": _states(entries, end), "address held": _held(entries, end)}
        parts += _lane(node.name, rows, scale, y)
        y += len(rows) * _ROW + _LANE_GAP
    for client in outcome.scenario.clients:
        entries = [entry for entry in outcome.trace if entry.who == client.name]
        parts += _lane(client.name, {"gets answers": _answers(entries, end)}, scale, y)
        y += _ROW + _LANE_GAP
    frame = [*_axis(scale, y), *_actions(outcome.trace, scale, y)]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {y + 30}" role="img" '
        f'aria-label="Timeline: {escape(outcome.scenario.name, quote=True)}">'
        + "".join(frame)
        + "".join(parts)
        + "</svg>"
    )


def _states(entries: list[TraceEntry], end: float) -> list[_Bar]:
    changes = [(0.0, "DOWN", "")]
    for entry in entries:
        at = entry.at / SECOND
        if entry.what == "start":
            changes.append((at, "INIT", entry.text))
        elif entry.what == "stopped":
            changes.append((at, "DOWN", entry.text))
        elif entry.what == "transition":
            changes.append((at, str(entry.fields["to"]), entry.text))
    return _spans(changes, end)


def _held(entries: list[TraceEntry], end: float) -> list[_Bar]:
    held: set[str] = set()
    changes: list[tuple[float, str, str]] = []
    for entry in entries:
        if entry.what == "address":
            address = str(entry.fields["address"])
            (held.add if entry.fields["present"] else held.discard)(address)
            changes.append((entry.at / SECOND, "held" if held else "", entry.text))
    return [span for span in _spans(changes, end) if span.label]


def _answers(entries: list[TraceEntry], end: float) -> list[_Bar]:
    silent: dict[str, bool] = {}
    changes: list[tuple[float, str, str]] = []
    for entry in entries:
        if entry.what == "client":
            silent[str(entry.fields["address"])] = entry.fields["answered_by"] is None
            label = "outage" if any(silent.values()) else "answered"
            changes.append((entry.at / SECOND, label, entry.text))
    return _spans(changes, end)


def _spans(changes: list[tuple[float, str, str]], end: float) -> list[_Bar]:
    ends = [*(at for at, _, _ in changes[1:]), end][: len(changes)]
    return [
        _Bar(at, until, label, tip)
        for (at, label, tip), until in zip(changes, ends, strict=True)
        if until > at
    ]


def _lane(name: str, rows: dict[str, list[_Bar]], scale: _TimeAxis, y: int) -> Iterator[str]:
    yield f'<text class="node" x="0" y="{y + 12}">{escape(name)}</text>'
    for number, (title, spans) in enumerate(rows.items()):
        top = y + number * _ROW
        width = _WIDTH - _GUTTER - _RIGHT
        yield f'<text class="row" x="{_GUTTER - 8}" y="{top + 11}">{title}</text>'
        yield f'<rect class="track" x="{_GUTTER}" y="{top}" width="{width}" height="{_BAR}"/>'
        for span in spans:
            yield _bar(span, scale, top)


def _bar(span: _Bar, scale: _TimeAxis, top: int) -> str:
    x = scale.x(span.start)
    width = max(scale.x(span.end) - x, 1.5)
    tip = f"{span.label}, from {span.start:.3f} s for {(span.end - span.start) * 1000:.0f} ms\n"
    label = ""
    if width > _NARROWEST_LABEL and span.label.isupper():
        label = f'<text class="label" x="{x + 5:.1f}" y="{top + 10}">{escape(span.label)}</text>'
    return (
        f'<g><rect class="{escape(span.label.lower(), quote=True)}" x="{x:.1f}" y="{top}" '
        f'width="{width:.1f}" height="{_BAR}" rx="2"/>{label}'
        f"<title>{escape(tip + span.tip)}</title></g>"
    )


def _axis(scale: _TimeAxis, bottom: int) -> Iterator[str]:
    step = next((step for step in _STEPS if scale.end / step <= _TICKS), _STEPS[-1])
    number = 0
    while number * step <= scale.end:
        x = scale.x(number * step)
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 10}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{number * step:g} s</text>'
        number += 1


def _actions(trace: tuple[TraceEntry, ...], scale: _TimeAxis, bottom: int) -> Iterator[str]:
    marks = [entry for entry in trace if entry.what in {"fault", "violation"}]
    number = 0
    for entry in marks:
        number += entry.what == "fault"
        sign = "!" if entry.what == "violation" else str(number)
        x = scale.x(entry.at / SECOND)
        yield (
            f'<g class="action"><line x1="{x:.1f}" y1="24" x2="{x:.1f}" y2="{bottom}"/>'
            f'<circle cx="{x:.1f}" cy="14" r="9"/><text x="{x:.1f}" y="18">{sign}</text>'
            f"<title>{escape(entry.line())}</title></g>"
        )
