"""The command ``pyvrrp simulate``."""

import json
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from pyvrrp.simulator.benchmark import benchmark_scenario
from pyvrrp.simulator.judges.rules.invariants import INVARIANTS
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND, Nanoseconds

SCENARIO = """
duration = "20s"
[configuration]
[[configuration.virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
nodes = ["n1", "n2"]
[[node]]
name = "n1"
[[node]]
name = "n2"
[[client]]
name = "c1"
[[fault]]
at = "10s"
kind = "delete_address"
node = "n1"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    return path


def break_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pyvrrp.runtime.addresses.address_keeper.AddressKeeper._put_back",
        lambda _address_keeper: None,
    )


def test_it_prints_a_timeline_and_a_verdict_for_each_invariant(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(file)]) == 0

    out = capsys.readouterr().out
    assert "n1       web: BACKUP -> MASTER: nobody was heard for 3.008 s" in out
    assert "10.000000  world    delete address n1" in out
    for invariant in INVARIANTS:
        assert f"held    {invariant.name}\n" in out


def test_a_violation_gives_exit_status_1(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)

    assert main(["simulate", str(file)]) == 1

    out = capsys.readouterr().out
    assert "BROKEN  put-back-at-once" in out
    assert "n1/web: 192.0.2.100/24 was deleted and is not back" in out


def test_json_is_one_object_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--json", str(file)]) == 0

    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"at": 10.0, "who": "world", "event": "fault"}.items() <= next(
        o for o in objects if o.get("event") == "fault"
    ).items()
    verdicts = {o["invariant"]: o["held"] for o in objects if "held" in o}
    assert verdicts == {invariant.name: True for invariant in INVARIANTS}


def test_verbose_shows_every_advertisement(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--verbose", str(file)]) == 0
    assert capsys.readouterr().out.count("advertises VRID 51, priority 254") == 17


def test_the_html_page_needs_no_other_file(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    assert main(["simulate", str(file), "--html", str(page)]) == 0

    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "<svg" in text
    assert "MASTER" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_wrong_scenario_gives_exit_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("nodes = 1")

    assert main(["simulate", str(path)]) == 2
    assert 'nodes: unknown key, did you mean "node"?' in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--random", "--benchmark"], ["x.toml", "--random"]])
def test_only_one_of_scenario_random_and_benchmark_may_be_given(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["simulate", *words])
    assert stopped.value.code == 2


def test_random_reports_the_number_of_scenarios_and_their_seeds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--random", "--seed", "5", "--runs", "3", "--nodes", "2", "--jobs", "1"]
    assert main(["simulate", *words]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 scenarios of 2 nodes, seeds 5 to 7: every invariant held"
    assert said[1].startswith("judged in ")
    assert "  time-goes-on: 100.0 % of 3 cases" in said
    assert len(said) == 2 + len(INVARIANTS)


def test_verbose_shows_each_run_with_its_length_and_what_was_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--random", "--seed", "5", "--runs", "2", "--nodes", "2", "--jobs", "1", "--verbose"]
    assert main(["simulate", *words, "--json"]) == 0

    first, second, verdict = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["seed"], second["seed"]) == (5, 6)
    assert first["simulated"] + second["simulated"] == verdict["simulated"]
    assert 0.0 < first["judged"] <= 1.0
    assert {one["invariant"] for one in verdict["judged"]} == {one.name for one in INVARIANTS}


@pytest.mark.slow
def test_random_prints_a_small_scenario_that_replays_what_it_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    break_it(monkeypatch)

    assert main(["simulate", "--random", "--runs", "300", "--jobs", "1"]) == 1

    out = capsys.readouterr().out
    assert out.startswith("# seed ")
    path = tmp_path / "found.toml"
    path.write_text(out)
    assert simulate(load_scenario(path)).violations


@pytest.mark.slow
def test_the_benchmark_prints_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--benchmark", "--json"]) == 0
    # docs/simulator.md has the number of an idle machine; here it only has to be there.
    assert json.loads(capsys.readouterr().out)["simulated_seconds_per_second"] > 50


def test_the_scenario_of_the_benchmark_keeps_every_invariant() -> None:
    assert simulate(benchmark_scenario(Nanoseconds(60 * SECOND))).good


def test_random_scenarios_have_only_the_chosen_faults_and_features(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in range(5):
        chosen = random_scenario(seed, 2, ("group", "resign"))
        assert {fault.kind for fault in chosen.faults} == {FaultKind.RESIGN}
        assert all(router.group for router in chosen.nodes[0].configuration.virtual_routers)

    words = ["simulate", "--random", "--runs", "2", "--jobs", "1", "--only", "weight,priority"]
    assert main(words) == 0
    assert "every invariant held" in capsys.readouterr().out


def test_planned_moves_lose_nothing_where_kernels_are_slow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["simulate", "--random", "--runs", "25", "--jobs", "1"]
    assert main([*words, "--only", "drain,resign,stop,slow_kernels"]) == 0
    assert "every invariant held" in capsys.readouterr().out


def test_an_unknown_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["simulate", "--random", "--only", "resing"])

    assert refused.value.code == 2
    assert "did you mean" in capsys.readouterr().err
