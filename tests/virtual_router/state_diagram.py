"""The state diagram at the top of `transitions`: its lines as values, and as a picture.

``python -m tests.virtual_router.state_diagram`` writes ``docs/state-machine.svg``. The lines give
the arrows and their labels. Only the places of boxes, arrows and labels stand here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from pyvrrp.virtual_router import transitions

PICTURE = Path(__file__).parents[2] / "docs" / "state-machine.svg"
_IN_TIME = "In time:"
_AFTER_A_STALL = "After a stall,"
_LINE = re.compile(r"    (\w+) +--([\w ]+)--> +(\w+)(?:  +(\S.*))?")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One line: *event* leads from *before* to *after*; *note* says when or what for."""

    before: str
    event: str
    after: str
    note: str


def in_time() -> tuple[Arrow, ...]:
    """Return the lines for a router that is not late."""
    return tuple(_section(_IN_TIME))


def after_a_stall() -> tuple[Arrow, ...]:
    """Return the lines for a router that did not run for too long."""
    return tuple(_section(_AFTER_A_STALL))


def _section(title: str) -> Iterator[Arrow]:
    lines = iter((transitions.__doc__ or "").splitlines())
    for line in lines:
        if line.startswith(title):
            break
    for line in lines:
        if not line:
            return
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"not a line of the state diagram: {line!r}")
        before, event, after, note = found.groups()
        yield Arrow(before, event, after, note or "")


@dataclass(frozen=True, slots=True)
class _Box:
    x: int  # of the centre
    y: int
    title: str
    explained: str


@dataclass(frozen=True, slots=True)
class _Route:
    path: str  # of an SVG path
    label: tuple[int, int]  # the first line of text
    anchor: str = "middle"


_WIDTH, _HEIGHT = 1250, 818
_LANE_BOTTOM = 720
_LANES = (("INIT", 20, 230), ("BACKUP", 270, 500), ("MASTER", 790, 440))
_BOX_WIDTH, _BOX_HEIGHT = 184, 60
_LINE_HEIGHT = 16
_BOXES = {
    "Init": _Box(135, 390, "Init", "takes no part"),
    "Backup": _Box(410, 170, "Backup", "watches the master"),
    "BackupHolds": _Box(620, 400, "Backup, holds", "still has the addresses"),
    "Master": _Box(990, 170, "Master", "has the addresses"),
    "HandingOver": _Box(990, 490, "HandingOver", "waits for a successor"),
    "Releasing": _Box(990, 650, "Releasing", "removes the addresses"),
}
_ROUTES = {
    ("Init", "Backup"): _Route("M120 360 C120 250 190 170 312 170", (206, 186), "end"),
    ("Init", "Master"): _Route(
        "M85 360 C85 130 150 80 320 80 H780 C880 80 950 90 970 134", (560, 56)
    ),
    ("Backup", "Init"): _Route("M350 200 C340 290 270 360 233 376", (292, 340), "start"),
    ("Backup", "Master"): _Route("M502 156 H892", (690, 132)),
    ("Master", "Backup"): _Route("M898 184 H508", (655, 204)),
    ("Master", "BackupHolds"): _Route("M925 200 C900 310 830 380 718 394", (866, 273), "end"),
    ("Master", "HandingOver"): _Route("M966 200 V454", (958, 400), "end"),
    ("HandingOver", "Master"): _Route("M1014 460 V206", (1024, 300), "start"),
    ("Master", "Releasing"): _Route(
        "M1082 178 C1160 190 1200 280 1200 400 C1200 560 1160 640 1088 646", (1160, 570), "end"
    ),
    ("BackupHolds", "Backup"): _Route("M590 370 C570 280 530 230 486 206", (600, 345), "start"),
    ("BackupHolds", "Init"): _Route("M528 400 H233", (300, 420), "start"),
    ("HandingOver", "BackupHolds"): _Route("M898 476 C820 474 740 460 670 436", (806, 436)),
    ("HandingOver", "Backup"): _Route("M898 492 C620 500 410 460 410 206", (500, 486)),
    ("HandingOver", "Init"): _Route("M898 508 C520 570 165 570 150 426", (500, 576)),
    ("Releasing", "Init"): _Route("M898 650 H270 C160 650 115 540 115 426", (640, 626)),
}
_HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="8" '
    'markerHeight="8" orient="auto"><path class="head" d="M0 0 L10 5 L0 10 z"/></marker>'
)
_STYLE = """
svg { color-scheme: light dark; --page: #ffffff; --lane: #f3f5f8; --box: #ffffff; --ink: #1b2430;
  --quiet: #5a6675; --line: #8a96a6; --init: #6b7785; --backup: #2563b0; --master: #1d7a46; }
@media (prefers-color-scheme: dark) { svg { --page: #14181e; --lane: #1c222a; --box: #262e38;
  --ink: #e8edf3; --quiet: #a3afbd; --line: #7d8a9a; --init: #9aa6b4; --backup: #6ea8f0;
  --master: #5cc48a; } }
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
.page { fill: var(--page); } .lane { fill: var(--lane); }
.name { font-size: 14px; font-weight: 700; letter-spacing: .08em; }
.box { fill: var(--box); stroke-width: 2; } .title { font-size: 16px; font-weight: 600; }
.note, .small { fill: var(--quiet); } .small { font-size: 12px; }
.label { paint-order: stroke; stroke: var(--lane); stroke-width: 5px; stroke-linejoin: round; }
.event { font-weight: 600; }
.arrow { fill: none; stroke: var(--line); stroke-width: 1.6; } .head { fill: var(--line); }
.init { stroke: var(--init); } .backup { stroke: var(--backup); } .master { stroke: var(--master); }
text.init { fill: var(--init); stroke: none; } text.backup { fill: var(--backup); stroke: none; }
text.master { fill: var(--master); stroke: none; }
"""


def draw() -> str:
    """Return the picture; raise KeyError for a line that has no place in it."""
    arrows = sorted(in_time(), key=lambda one: (one.before, one.after))
    routed = [
        (_ROUTES[ends], tuple(group))
        for ends, group in groupby(arrows, key=lambda one: (one.before, one.after))
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        "<title>The states of a virtual router, and the events between them</title>",
        f"<style>{_STYLE}</style>",
        _HEAD,
        f'<rect class="page" width="{_WIDTH}" height="{_HEIGHT}" rx="12"/>',
        *(_lane(*lane) for lane in _LANES),
        *(f'<path class="arrow" marker-end="url(#head)" d="{one.path}"/>' for one, _ in routed),
        *(_box(box) for box in _BOXES.values()),
        *(_label(route, group) for route, group in routed),
        *_stalls(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lane(name: str, x: int, width: int) -> str:
    return (
        f'<rect class="lane" x="{x}" y="20" width="{width}" height="{_LANE_BOTTOM - 20}" rx="10"/>'
        f'<text class="name {name.lower()}" x="{x + 16}" y="46">{name}</text>'
    )


def _box(box: _Box) -> str:
    lane = next(name for name, x, width in _LANES if x < box.x < x + width)
    return (
        f'<rect class="box {lane.lower()}" x="{box.x - _BOX_WIDTH // 2}" '
        f'y="{box.y - _BOX_HEIGHT // 2}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="10"/>'
        f'<text class="title" text-anchor="middle" x="{box.x}" y="{box.y - 3}">{box.title}</text>'
        f'<text class="small" text-anchor="middle" x="{box.x}" y="{box.y + 17}">'
        f"{box.explained}</text>"
    )


def _label(route: _Route, arrows: tuple[Arrow, ...]) -> str:
    x, y = route.label
    lines: list[tuple[str, str]] = []
    for event, group in groupby(arrows, key=lambda one: one.event):
        lines.append(("event", event))
        lines += [("note", one.note) for one in group if one.note]
    spans = "".join(
        f'<tspan class="{kind}" x="{x}" y="{y + number * _LINE_HEIGHT}">{escape(text)}</tspan>'
        for number, (kind, text) in enumerate(lines)
    )
    return f'<text class="label" text-anchor="{route.anchor}">{spans}</text>'


def _stalls() -> Iterator[str]:
    lines = ["After a stall, when the deadline is past by more than Master_Down_Interval:"]
    for before, group in groupby(after_a_stall(), key=lambda one: one.before):
        lines.append(f"{before} → " + ", ".join(f"{one.after} ({one.event})" for one in group))
    for number, line in enumerate(lines):
        x, y = 24 if number == 0 else 40, _LANE_BOTTOM + 28 + number * 18
        yield f'<text class="note" x="{x}" y="{y}">{escape(line)}</text>'


def _main() -> None:
    PICTURE.write_text(draw())


if __name__ == "__main__":
    _main()
