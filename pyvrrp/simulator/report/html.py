"""A simulation as one HTML file that needs no other, in the style of the lab's report."""

from collections.abc import Iterator
from html import escape

from pyvrrp.simulator.judges.rules.invariants import INVARIANTS
from pyvrrp.simulator.report.drawing import draw
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.testing.page_style import style
from pyvrrp.units import in_words


def page(outcome: SimulationResult) -> str:
    """Return the page."""
    title = escape(outcome.scenario.name)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{style()}</style></head><body><main>"
        + "".join(_body(outcome))
        + "</main></body></html>\n"
    )


def _body(outcome: SimulationResult) -> Iterator[str]:
    scenario = outcome.scenario
    yield f"<header><h1>{escape(scenario.name)}</h1><p>{escape(scenario.description)}</p>"
    yield f"<p>{len(scenario.nodes)} nodes, {in_words(scenario.duration)}, seed {scenario.seed}</p>"
    word, kind = ("every invariant held", "good") if outcome.good else ("broken", "bad")
    yield f'<p class="verdict {kind}">{word}</p></header>'
    yield f'<div class="drawing">{draw(outcome)}</div>'
    actions = [entry for entry in outcome.trace if entry.what == "fault"]
    yield "<ol>" + "".join(f"<li>{escape(entry.text)}</li>" for entry in actions) + "</ol>"
    broken = {violation.invariant: violation for violation in outcome.violations}
    yield f"<details{' open' if broken else ''}><summary>{len(INVARIANTS)} invariants, "
    yield f"{len(broken)} broken</summary><table>"
    yield "<tr><th>invariant</th><th>what it says</th><th>verdict</th></tr>"
    for invariant in INVARIANTS:
        violation = broken.get(invariant.name)
        kind = "" if violation is None else ' class="failed"'
        said = "held" if violation is None else str(violation)
        cells = (invariant.name, invariant.statement, said)
        yield f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table></details><details><summary>everything that happened</summary><pre>"
    yield "\n".join(
        escape(entry.line()) for entry in outcome.trace if entry.what != "advertisement"
    )
    yield "</pre></details>"
