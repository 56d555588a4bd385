"""Short scenarios for tests, written like scenario files."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.scenario.read import read_scenario
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.units import SECOND

ROUTER = """
[[configuration.virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
priority = { n1 = 150, n2 = 100, n3 = 50 }
"""
CHECK = """
checks = ["web"]
[configuration.check.web]
http = "http://127.0.0.1/"
"""


def scenario(
    faults: str = "", *, nodes: int = 2, router: str = ROUTER, fenced: bool = False, top: str = ""
) -> Scenario:
    """Return a scenario with *nodes* nodes and one client, with these ``[[fault]]`` tables."""
    parts = [top or 'duration = "40s"', router + (CHECK if fenced else "")]
    parts += [f'[[node]]\nname = "n{number}"' for number in range(1, nodes + 1)]
    parts += ['[[client]]\nname = "client"\nperiod = "100ms"', faults]
    return read_scenario(tomllib.loads("\n".join(parts)), "test", Path())


def fault(at: str, kind: str, node: str = "", **more: object) -> str:
    """Return one ``[[fault]]`` table."""
    lines = ["[[fault]]", f'at = "{at}"', f'kind = "{kind}"']
    lines += [f'node = "{node}"'] if node else []
    for key, value in more.items():
        written = str(value).lower() if isinstance(value, bool | int | float) else repr(value)
        lines.append(f"{key.rstrip('_')} = {written}")
    return "\n".join(lines) + "\n"


def transitions(outcome: SimulationResult, node: str) -> list[tuple[float, str]]:
    """Return when a node changed to which state, to the tenth of a second."""
    return [
        (round(entry.at / SECOND, 1), str(entry.fields["to"]))
        for entry in outcome.trace
        if entry.what == "transition" and entry.who == node
    ]


def holding(outcome: SimulationResult, node: str) -> list[tuple[float, float]]:
    """Return from when to when a node had an address."""
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for entry in outcome.trace:
        if entry.what == "address" and entry.who == node:
            at = entry.at / SECOND
            if entry.fields["present"]:
                since = at
            elif since is not None:
                spans.append((since, at))
                since = None
    if since is not None:
        spans.append((since, outcome.scenario.duration / SECOND))
    return spans


def overlap(one: Iterable[tuple[float, float]], other: Iterable[tuple[float, float]]) -> float:
    """Return for how many seconds both held."""
    others = list(other)
    return sum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in others)
