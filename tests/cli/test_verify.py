import argparse
import json
from multiprocessing import forkserver, resource_tracker

import pytest

from pyvrrp.cli.simulation import verify


@pytest.fixture(scope="module", autouse=True)
def processes_that_stay() -> None:
    """Start what multiprocessing keeps until this process ends, so that no test has left it."""
    resource_tracker.ensure_running()
    forkserver.ensure_running()


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    verify.register(parser.add_subparsers())
    args = parser.parse_args(["verify", *words])
    status: int = args.func(args)
    return status


def test_each_configuration_has_a_line_and_all_of_them_a_sum(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--nodes", "2", "--faults", "0", "--only", "v3 2 nodes by priority") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:34] for line in lines[:2]] == [
        "holds  v3 2 nodes by priority     ",
        "holds  v3 2 nodes by priority, del",
    ]
    assert lines[-1].startswith("4 configurations, ")
    assert lines[-1].endswith("promises, none broken")


def test_hosts_with_groups_are_searched_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--nodes", "2", "--only", "group, cold start") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("holds  group, cold start ")
    assert last.startswith("1 configurations, 1339 states, 1 of them to the end; ")


def test_a_thorough_search_has_more_configurations(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--nodes", "2", "--depth", "2", "--only", "max_held")
    assert run(*words) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 configurations, ")
    assert run(*words, "--thorough") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("5 configurations, ")


def test_the_answer_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--nodes", "3", "--depth", "4", "--only", "v2 3 nodes by", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["holds"] is True
    assert answer["invariants"]["vacancy"].startswith("the addresses have a master")
    assert [one["depth"] for one in answer["configurations"]] == [4, 4, 4, 4]
    assert {one["complete"] for one in answer["configurations"]} == {False}


@pytest.mark.parametrize("words", [("--faults", "-1"), ("--nodes", "4"), ("--kinds", "gremlins")])
def test_a_scope_that_cannot_be_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err
