"""The lab as its user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.registry import scenarios

LAB = Path(__file__).parents[3] / "netns-lab" / "lab.py"


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(LAB), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_lab_lists_its_scenarios_with_what_they_promise() -> None:
    finished = lab("list")
    assert finished.returncode == 0
    for name in ("asymmetric", "http_hang", "keepalived_v3_ipv6", "sigkill_guardian"):
        assert f"\n  {name} " in finished.stdout


def test_each_scenario_has_a_name_of_its_own() -> None:
    modules = [
        file for file in (LAB.parent / "scenarios").glob("*/*.py") if file.stem != "__init__"
    ]
    assert len(modules) == len(scenarios())


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    finished = lab("run", "no_such_scenario")
    assert finished.returncode == 2
    assert "no scenario no_such_scenario; there are: " in finished.stderr


@pytest.mark.kernel
def test_scenarios_run_side_by_side_and_all_are_told() -> None:
    finished = lab("run", "address_deleted", "control_hang", "--jobs", "2", "--json")
    told = json.loads(finished.stdout)
    assert {scenario["name"] for scenario in told} == {"address_deleted", "control_hang"}
    assert "2 of 2 passed" in finished.stderr


@pytest.mark.kernel
def test_a_power_failure_is_measured_and_reported(tmp_path: Path) -> None:
    finished = lab("run", "power_off", "--json", "--report", str(tmp_path))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (scenario,) = json.loads(finished.stdout)
    (experiment,) = scenario["experiments"]
    assert scenario["passed"] is True
    assert [change["new"] for change in experiment["changes"]] == ["r2", "r1"]
    # Priority 100 at 100 ms: the master is missed 260.9 ms after its last moment at the earliest.
    assert 0.25 < experiment["changes"][0]["measures"]["outage"] < 0.7
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<svg " in page
    assert "http://" not in page
    assert "https://" not in page
