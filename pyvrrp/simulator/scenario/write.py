"""Writes a scenario to a file, so that it can be read again."""

from collections.abc import Iterator, Mapping

from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.toml import toml_key, toml_value
from pyvrrp.simulator.scenario.fault_keys import as_table
from pyvrrp.simulator.scenario.scenario import NodeSpec, Scenario

_MOST_KEYS = 12
_WIDEST = 60


def write_scenario(scenario: Scenario) -> str:
    """Return the TOML text of *scenario*, which must have the documents of its nodes."""
    documents = list(scenario.documents.values())
    common = all(document == documents[0] for document in documents)
    top: dict[str, object] = {
        "name": scenario.name,
        "description": scenario.description,
        "seed": scenario.seed,
        "duration": write_duration(scenario.duration),
        "network": {
            "delay": write_duration(scenario.network_delay.delay),
            "jitter": write_duration(scenario.network_delay.jitter),
            "kernel_delay": write_duration(scenario.kernel_delay),
        },
    }
    if common and documents:
        top["configuration"] = documents[0]
    top["node"] = [_node(node, scenario, common=common) for node in scenario.nodes]
    top["client"] = [
        {
            "name": client.name,
            "interface": client.interface,
            "netns": client.netns,
            "period": write_duration(client.period),
            "switch": client.switch,
        }
        for client in scenario.clients
    ]
    top["fault"] = [as_table(fault) for fault in scenario.faults]
    return "\n".join(_table("", top)).strip() + "\n"


def _node(node: NodeSpec, scenario: Scenario, *, common: bool) -> dict[str, object]:
    written: dict[str, object] = {
        "name": node.name,
        "start": write_duration(node.start),
        "offset": write_duration(node.offset),
        "drift_ppm": node.drift_ppm,
        "switch": node.switch,
        "addresses": {
            place.interface: [str(address) for address in addresses]
            for place, addresses in node.own.items()
        },
    }
    if not common:
        written["configuration"] = scenario.documents[node.name]
    return written


def _table(prefix: str, values: Mapping[str, object]) -> Iterator[str]:
    deeper: list[tuple[str, object]] = []
    for key, value in values.items():
        if _is_simple(value):
            yield f"{toml_key(key)} = {toml_value(value)}"
        else:
            deeper.append((f"{prefix}{toml_key(key)}", value))
    for path, value in deeper:
        if isinstance(value, Mapping):
            yield from ("", f"[{path}]", *_table(f"{path}.", value))
        elif isinstance(value, list | tuple):
            for entry in value:
                yield from ("", f"[[{path}]]", *_table(f"{path}.", entry))


def _is_simple(value: object) -> bool:
    """Whether *value* is short enough to stand in one line with its key."""
    if isinstance(value, Mapping):
        fits = len(value) <= _MOST_KEYS and all(len(str(v)) <= _WIDEST for v in value.values())
        return bool(value) and fits and not any(isinstance(v, Mapping) for v in value.values())
    if isinstance(value, list | tuple):
        return not any(isinstance(inner, Mapping) for inner in value)
    return True
