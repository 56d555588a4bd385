"""The command ``pyvrrp plan``."""

import argparse
import json
from pathlib import Path

import pytest

from pyvrrp.cli import plan
from pyvrrp.errors import ConfigurationError


def table(name: str, vrid: int, rest: str) -> str:
    return f"""
[[virtual_router]]
name = "{name}"
interface = "eth0"
vrid = {vrid}
addresses = ["192.0.2.{vrid}/24"]
{rest}
"""


CLUSTER = (
    table("web", 51, 'nodes = ["n1", "n3", "n2"]')
    + table("mail", 52, 'nodes = ["n2", "n4", "n1"]')
    + table("db", 53, "priority = { n4 = 100, n1 = 200, n3 = 50 }")
)


def run(tmp_path: Path, document: str, *words: str) -> int:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(document)
    parser = argparse.ArgumentParser()
    plan.register(parser.add_subparsers())
    args = parser.parse_args(["plan", str(file), *words])
    status: int = args.func(args)
    return status


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()[1:]


def test_the_plan_has_the_holders_and_what_each_failure_moves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, CLUSTER) == 0
    assert lines(capsys) == [
        "",
        "virtual router  holder  then",
        "web             n1      n3, n2",
        "mail            n2      n4, n1",
        "db              n1      n4, n3",
        "",
        "if n1 fails: web goes to n3, db goes to n4",
        "if n2 fails: mail goes to n4",
        "if n3 fails: nothing moves",
        "if n4 fails: nothing moves",
    ]


def test_with_two_nodes_down_other_nodes_hold_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, CLUSTER, "--fail", "n1", "n4") == 0
    assert lines(capsys)[1:5] == [
        "virtual router  holder        then",
        "web             n3 (from n1)  n2",
        "mail            n2            nobody",
        "db              n3 (from n1)  nobody",
    ]


def test_the_exit_status_is_1_if_no_node_can_hold_a_virtual_router(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, CLUSTER, "--fail", "n1", "--fail", "n4", "n3") == 1
    assert "db              nobody (from n1)  nobody" in lines(capsys)


def test_moves_that_all_go_to_one_node_are_printed_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = 'nodes = ["n1", "n2", "n3"]'
    run(tmp_path, table("web", 51, nodes) + table("db", 52, nodes))
    assert "if n1 fails: web and db all go to n2" in lines(capsys)


def test_the_plan_names_what_the_file_does_not_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = table("web", 51, "priority = { n1 = 100, n2 = 100 }") + table("db", 52, "")
    assert run(tmp_path, document) == 0
    assert lines(capsys)[-2:] == [
        "web: n1 and n2 have the same priority; the addresses decide",
        "db: no plan, the file does not name its nodes",
    ]


def test_the_file_of_a_node_that_holds_nothing_can_be_planned(tmp_path: Path) -> None:
    assert run(tmp_path, 'node = "laptop"' + CLUSTER) == 0


def test_an_unknown_node_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='no node "n9" in this file; allowed are n1, n2'):
        run(tmp_path, CLUSTER, "--fail", "n9")


def test_both_families_of_a_virtual_router_are_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = table("web", 51, 'nodes = ["n1", "n2"]').replace("/24", '/24", "fe80::51/64')
    run(tmp_path, document)
    assert lines(capsys)[2:4] == ["web             n1      n2", ""]


def test_a_group_is_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = 'nodes = ["n1", "n2"]\ngroup = "edge"'
    run(tmp_path, table("lan", 51, keys) + table("wan", 52, keys))
    assert lines(capsys)[1:5] == [
        "virtual router  holder  then",
        "group edge      n1      n2",
        "",
        "if n1 fails: group edge goes to n2",
    ]


def test_with_max_held_a_virtual_router_goes_to_the_next_node_that_is_not_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        table("web", 51, 'nodes = ["n1", "n2", "n3"]')
        + table("db", 52, 'nodes = ["n2", "n1", "n3"]')
        + table("mail", 53, 'nodes = ["n1", "n2", "n3"]')
    )
    run(tmp_path, "max_held = 1\n" + text)
    assert lines(capsys)[2:5] == [
        "web             n1      n2, n3",
        "db              n2      n1, n3",
        "mail            n3      n1, n2",
    ]
    run(tmp_path, "max_held = 1\n" + text, "--fail", "n3")
    assert lines(capsys)[4] == "mail            n1 (from n3)  n2"


def test_json_contains_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, CLUSTER, "--fail", "n1", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["nodes"] == ["n1", "n2", "n3", "n4"]
    assert answer["failed"] == ["n1"]
    assert answer["virtual_routers"][0] == {
        "name": "web",
        "members": ["web"],
        "order": ["n1", "n3", "n2"],
        "undecided": [],
        "holder": "n3",
        "usual_holder": "n1",
        "then": ["n2"],
    }
    assert answer["failures"][2] == {
        "node": "n4",
        "moves": [{"name": "db", "to": "n3"}],
        "all_to": None,
    }
