"""In a cluster the best node that works holds each service (INV16)."""

import tomllib
from pathlib import Path
from random import Random

import pytest

from pyvrrp.simulator.report.measure import holders
from pyvrrp.simulator.scenario.read import read_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import to_seconds
from tests.support.seeds import seeds


def document(
    random: Random, nodes: list[str], ranks: dict[str, list[str]], faults: list[tuple[str, bool]]
) -> str:
    parts = ['duration = "60s"']
    for number, (service, ranking) in enumerate(ranks.items()):
        parts.append(
            "[[configuration.virtual_router]]\n"
            f'name = "{service}"\ninterface = "eth0"\nvrid = {number + 1}\n'
            f'addresses = ["192.0.2.{100 + number}/24"]\nadvertisement_interval = "500ms"\n'
            f"nodes = {ranking!r}"
        )
    parts += [f'[[node]]\nname = "{node}"' for node in nodes]
    for node, returns in faults:
        kind = random.choice(["crash", "stop", "drain", "link_down"])
        lasting = f'for = "{random.uniform(2, 8):.1f}s"' if returns else ""
        at = random.uniform(8, 16)
        parts.append(f'[[fault]]\nat = "{at:.1f}s"\nkind = "{kind}"\nnode = "{node}"\n{lasting}')
    return "\n".join(parts)


@pytest.mark.parametrize("seed", seeds(14, quick=4))
def test_in_the_end_the_best_node_that_works_holds_each_service(seed: int) -> None:
    random = Random(f"placement {seed}")
    nodes = [f"n{number + 1}" for number in range(random.randint(2, 7))]
    ranks = {
        service: random.sample(nodes, random.randint(2, len(nodes)))
        for service in ("web", "mail", "db", "files")[: random.randint(1, 4)]
    }
    faults = [(node, random.random() < 0.4) for node in random.sample(nodes, len(nodes) // 2)]
    gone = {node for node, returns in faults if not returns}

    text = document(random, nodes, ranks, faults)
    outcome = simulate(read_scenario(tomllib.loads(text), "placement", Path()), detailed=False)

    assert outcome.good, outcome.violations
    end = to_seconds(outcome.scenario.duration)
    for number, ranking in enumerate(ranks.values()):
        last = [
            span.who
            for span in holders(outcome, f"192.0.2.{100 + number}/24")
            if span.end == pytest.approx(end)
        ]
        left = [node for node in ranking if node not in gone]
        assert last == left[:1], text
