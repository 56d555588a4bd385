"""Scenario files: what is read, and which problems are reported."""

from pathlib import Path

import pytest

from pyvrrp.errors import ConfigurationError
from pyvrrp.simulator.faults.mutation import MUTATIONS
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.scenario.fault import MUTATION_NAMES, FaultKind
from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.scenario.write import write_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND

CONFIG = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
nodes = ["n1", "n2"]
"""


def problems(text: str, directory: Path) -> list[str]:
    file = directory / "scenario.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(file)
    assert caught.value.source == str(file)
    return [str(problem) for problem in caught.value.problems]


def test_nodes_may_share_one_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "pair.toml").write_text(CONFIG)
    file = tmp_path / "scenario.toml"
    file.write_text('config = "pair.toml"\n[[node]]\nname = "n1"\n[[node]]\nname = "n2"\n')

    scenario = load_scenario(file)

    priorities = [n.configuration.virtual_routers[0].priority for n in scenario.nodes]
    assert priorities == [254, 244]
    own = [str(next(iter(node.own.values()))[0]) for node in scenario.nodes]
    assert own == ["192.0.2.1/24", "192.0.2.2/24"]


def test_a_node_may_have_a_configuration_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pair.toml").write_text(CONFIG)
    (tmp_path / "other.toml").write_text(CONFIG.replace('"n1", "n2"', '"n2", "n1"'))
    file = tmp_path / "scenario.toml"
    file.write_text(
        'config = "pair.toml"\n[[node]]\nname = "n1"\nconfig = "other.toml"\n'
        '[[node]]\nname = "n2"\n'
    )

    first, second = load_scenario(file).nodes

    assert first.configuration.virtual_routers[0].priority == 244
    assert second.configuration.virtual_routers[0].priority == 244


def test_a_fault_has_a_time_a_kind_a_node_and_a_duration(tmp_path: Path) -> None:
    (tmp_path / "pair.toml").write_text(CONFIG)
    file = tmp_path / "scenario.toml"
    file.write_text(
        'config = "pair.toml"\n[[node]]\nname = "n1"\n[[node]]\nname = "n2"\n'
        '[[fault]]\nat = "5s"\nkind = "freeze"\nnode = "n2"\nfor = "2s"\n'
    )

    (fault,) = load_scenario(file).faults

    assert (fault.kind, fault.node, fault.at, fault.ends) == (
        FaultKind.FREEZE,
        "n2",
        5 * SECOND,
        7 * SECOND,
    )


def test_all_problems_are_reported_together_with_their_keys(tmp_path: Path) -> None:
    reported = problems(
        'sed = 1\nduration = 5\n[[node]]\nname = "n1"\nconfig = "none.toml"\n'
        '[[fault]]\nat = "5s"\nkind = "crush"\n[[fault]]\nkind = "freeze"\nnode = "n7"\n'
        '[[fault]]\nat = "1s"\nkind = "loss"\nnode = "n1"\nchance = 2\nby = "1s"\n',
        tmp_path,
    )

    assert reported[0] == 'sed: unknown key, did you mean "seed"?'
    assert reported[1] == 'duration: 5 is not a duration; write a string with a unit, such as "1s"'
    assert reported[2] == f"{tmp_path}/none.toml: cannot be read: No such file or directory"
    assert reported[3].startswith('fault[0].kind: must be one of "crash", "stop", ')
    assert reported[3].endswith('not "crush"')
    assert reported[4:] == [
        "fault[1].for: is required for freeze",
        "fault[1].at: is required",
        'fault[1].node: there is no node "n7"; allowed are n1',
        "fault[2].by: unknown key; allowed are at, chance, direction, for, interface, kind, node",
        "fault[2].chance: must be a number from 0 to 1, not 2",
    ]


def test_problems_of_an_embedded_configuration_are_reported_with_their_paths(
    tmp_path: Path,
) -> None:
    reported = problems(
        '[configuration]\n[[configuration.virtual_router]]\nname = "web"\ninterface = "eth0"\n'
        'vrid = 300\naddresses = ["192.0.2.1"]\n[[node]]\nname = "n1"\n[[node]]\nname = "n2"\n',
        tmp_path,
    )

    assert reported == [
        'configuration.virtual_router[0] "web".vrid: must be from 1 to 255, not 300'
    ]


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "node: is required"),
        ("node = []", "node: has no entry; at least one [[node]] is needed"),
        ("node = 3", "node: must be an array of tables, in double brackets"),
        (
            '[[node]]\nname = "n1"',
            'node[0] "n1".config: is required: config = "FILE" or a table [configuration]',
        ),
        ("a = [", "is not TOML: Invalid value (at end of document)"),
    ],
)
def test_a_wrong_scenario_is_refused(text: str, reported: str, tmp_path: Path) -> None:
    assert reported in problems(text, tmp_path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load_scenario(tmp_path / "none.toml")


@pytest.mark.parametrize("nodes", [1, 2, 3, 5, 8])
def test_a_written_scenario_is_read_as_the_same(nodes: int, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    for seed in range(40):
        made = random_scenario(seed, nodes)
        file.write_text(write_scenario(made))
        read = load_scenario(file)
        assert (read.nodes, read.clients, read.faults) == (made.nodes, made.clients, made.faults)
        assert (read.seed, read.duration, read.network_delay) == (
            made.seed,
            made.duration,
            made.network_delay,
        )


def test_several_links_are_refused(tmp_path: Path) -> None:
    head = (
        '[configuration]\n[[configuration.virtual_router]]\nname = "web"\nvrid = 5\n'
        'addresses = ["192.0.2.10/24"]\n'
    )
    nodes = '[[node]]\nname = "n1"\n[[node]]\nname = "n2"\n'
    assert problems(f'{head}interfaces = ["eth0", "eth1"]\n{nodes}', tmp_path) == [
        (
            'virtual_router "web": has several interfaces: the invariants judge a virtual router '
            "by one link"
        )
    ]


def test_nodes_with_peers_have_their_addresses_and_elect_one(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(
        'duration = "20s"\n[configuration]\n[[configuration.virtual_router]]\nname = "web"\n'
        'vrid = 5\naddresses = ["192.0.2.10/24"]\ninterface = "eth0"\nnodes = ["n1", "n2"]\n'
        'peers = ["192.0.2.77", "192.0.2.78"]\n[[node]]\nname = "n1"\n[[node]]\nname = "n2"\n'
        '[[fault]]\nat = "8s"\nkind = "crash"\nnode = "n1"\n'
    )
    outcome = simulate(load_scenario(file))
    assert outcome.good, outcome.violations
    reported = [entry.text for entry in outcome.trace if entry.what == "transition"]
    assert any("192.0.2.77 released the addresses" in text for text in reported)


def test_every_mutation_that_a_scenario_may_name_can_be_made() -> None:
    assert tuple(MUTATIONS) == MUTATION_NAMES
