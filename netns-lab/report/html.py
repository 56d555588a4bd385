"""The whole report as one HTML file that needs nothing else."""

import os
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from pyvrrp.testing.page_style import style
from report.drawing import draw
from report.text import COLUMNS, in_milliseconds
from results.result import ExperimentResult, ScenarioResult


def page(title: str, results: Sequence[ScenarioResult]) -> str:
    """Return the page."""
    passed = sum(result.passed for result in results)
    verdict = f"{passed} of {len(results)} passed"
    return document(title, verdict, _body(results), good=passed == len(results))


def document(title: str, verdict: str, body: Iterable[str], *, good: bool) -> str:
    """Return a page with the style sheet in it, a head that tells the *verdict*, and *body*."""
    machine = f"{os.cpu_count()} processors, Linux {platform.release()}"
    moment = time.strftime("%Y-%m-%d %H:%M %Z")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style()}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1><p>"
        f"{moment} on {escape(machine)}, Python {platform.python_version()}</p>"
        f'<p class="verdict {"good" if good else "bad"}">{escape(verdict)}</p></header>'
        + "".join(body)
        + "</main></body></html>\n"
    )


def _body(results: Sequence[ScenarioResult]) -> Iterator[str]:
    if len(results) > 1:
        yield "<nav><table><tr><th>scenario</th><th>result</th><th>longest outage</th></tr>"
        yield from (_index_row(result) for result in results)
        yield "</table></nav>"
    for result in results:
        yield from _scenario(result)
    yield _LEGEND


def _index_row(result: ScenarioResult) -> str:
    outages = [
        change.measures.outage
        for experiment in result.experiments
        for change in experiment.changes
        if change.measures.outage is not None
    ]
    longest = f"{in_milliseconds(max(outages))} ms" if outages else ""
    return (
        f'<tr><td><a href="#{escape(result.name)}">{escape(result.name)}</a></td>'
        f"<td>{_badge(result)}</td><td>{longest}</td></tr>"
    )


def _scenario(result: ScenarioResult) -> Iterator[str]:
    yield f'<section id="{escape(result.name)}"><h2>{escape(result.name)} {_badge(result)}</h2>'
    yield "".join(f"<p>{escape(part)}</p>" for part in result.promise.split("\n\n"))
    if result.skipped:
        yield f'<p class="error">skipped: {escape(result.skipped)}</p>'
    for experiment in result.experiments:
        yield from _experiment(experiment)
    yield "</section>"


def _experiment(result: ExperimentResult) -> Iterator[str]:
    yield f"<h3>{escape(result.title)} <small>{escape(result.setting)}</small></h3>"
    if result.error:
        yield f'<pre class="error">{escape(result.error)}</pre>'
    yield f'<div class="drawing">{draw(result)}</div>'
    actions = [mark for mark in result.marks if not mark.node]
    yield "<ol>" + "".join(f"<li>{escape(mark.title)}</li>" for mark in actions) + "</ol>"
    if result.changes:
        yield from _changes(result)
    failed = sum(not check.passed for check in result.checks)
    yield f"<details{' open' if failed else ''}><summary>{len(result.checks)} checks, "
    yield f"{failed} failed</summary><table>"
    yield "<tr><th>what</th><th>measured</th><th>must be</th></tr>"
    for check in result.checks:
        kind = "" if check.passed else ' class="failed"'
        cells = (check.what, check.measured, check.limit)
        yield f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table></details>"


def _changes(result: ExperimentResult) -> Iterator[str]:
    yield '<div class="wide"><table><tr><th>milliseconds from the event</th>'
    yield "".join(f"<th>{title}</th>" for _name, title in COLUMNS)
    yield "<th>x Master_Down_Interval</th></tr>"
    for change in result.changes:
        numbers = change.measures.named()
        yield f"<tr><td>{escape(change.title)} <small>{change.old} → {change.new}</small></td>"
        yield "".join(f"<td>{in_milliseconds(numbers[name])}</td>" for name, _title in COLUMNS)
        ratio = change.measures.overshoot
        yield f"<td>{'' if ratio is None else f'{ratio:.3f}'}</td></tr>"
    yield "</table></div>"


def _badge(result: ScenarioResult) -> str:
    if result.skipped:
        return '<span class="badge">skipped</span>'
    word, kind = ("passed", "good") if result.passed else ("failed", "bad")
    return f'<span class="badge {kind}">{word}</span>'


_LEGEND = (
    "<footer><h2>How to read it</h2><dl>"
    "<dt>outage</dt><dd>the longest gap between two answers to the client, which asks once a "
    "millisecond; gaps in which nothing was lost are delays of the machine, drawn in grey</dd>"
    "<dt>first advert, first answer</dt><dd>from the event to the new master's first "
    "advertisement on the wire and first answer to the client</dd>"
    "<dt>released</dt><dd>until the kernel of the old node no longer had the address</dd>"
    "<dt>both answered</dt><dd>how long both nodes answered frames sent to them directly, one "
    "every 5 ms</dd><dt>both held</dt><dd>how long both kernels had the address</dd>"
    "<dt>x Master_Down_Interval</dt><dd>from the old master's last advertisement to the new "
    "one's first, over the protocol's own limit</dd></dl>"
    "<p>All times are from one clock: frames and answers are stamped by the kernel, addresses by "
    "netlink events, states by the daemons.</p></footer>"
)
