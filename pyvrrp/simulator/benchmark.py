"""Measures the speed: three nodes, one second between advertisements."""

import gc
import time

from pyvrrp.config.parse import parse
from pyvrrp.simulator.scenario.own_addresses import own_addresses
from pyvrrp.simulator.scenario.scenario import ClientSpec, NodeSpec, Scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND, Nanoseconds, to_seconds

_DOCUMENT = {
    "virtual_router": [
        {
            "name": "web",
            "interface": "eth0",
            "vrid": 51,
            "addresses": ["192.0.2.100/24"],
            "nodes": ["n1", "n2", "n3"],
            "checks": ["web"],
        }
    ],
    "check": {"web": {"http": "http://127.0.0.1/"}},
}


def benchmark_scenario(duration: Nanoseconds = Nanoseconds(3000 * SECOND)) -> Scenario:
    """Return the scenario that is measured: it has no faults."""
    nodes = []
    for index, name in enumerate(("n1", "n2", "n3")):
        configuration = parse(_DOCUMENT, "benchmark", node=name, hostname=name)
        own = own_addresses(configuration, index)
        nodes.append(NodeSpec(name, configuration, own, drift_ppm=50 * index))
    client = ClientSpec("client", "eth0")
    return Scenario(tuple(nodes), (client,), name="benchmark", duration=duration)


def benchmark() -> float:
    """Return how many simulated seconds pass in a second of one processor."""
    scenario = benchmark_scenario()
    gc.freeze()  # as in the processes of a campaign
    started = time.process_time()
    outcome = simulate(scenario, detailed=False)
    spent = time.process_time() - started
    if not outcome.good:
        raise AssertionError(str(outcome.violations[0]))
    return to_seconds(scenario.duration) / spent
