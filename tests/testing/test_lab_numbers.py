"""The numbers of the lab and its judgement, from events written down by hand."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pyvrrp.testing.measure.outages import Observation, Outage, Run

LAB = Path(__file__).parents[2] / "netns-lab"
ADDRESS = "10.9.0.100"


@pytest.fixture(scope="module", autouse=True)
def lab_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(LAB))
    yield
    sys.path.remove(str(LAB))


@pytest.fixture
def measures() -> ModuleType:
    return importlib.import_module("experiments.measures")


@pytest.fixture
def verdict() -> ModuleType:
    return importlib.import_module("experiments.verdict")


def a_takeover() -> object:
    """r1 falls silent after 10.9 s and lets go at 11.1 s; r2 has the address from 11.3 s on."""
    timeline = importlib.import_module("experiments.timeline")
    told = timeline.Timeline()

    def add(time: float, kind: str, node: str, **what: object) -> None:
        told.add(timeline.Event(time, kind, node, what))

    add(9.0, "address", "r1", address=ADDRESS, held=True)
    add(11.1, "address", "r1", address=ADDRESS, held=False)
    add(11.3, "address", "r2", address=ADDRESS, held=True)
    add(10.9, "advertisement", "r1", priority=200)
    add(11.2, "advertisement", "r2", priority=0)
    add(11.5, "advertisement", "r2", priority=100)
    return told


def test_a_takeover_is_measured_from_the_event(measures: ModuleType) -> None:
    observed = Observation(
        sent=3000,
        answered=2400,
        outages=(Outage(10.995, 11.6, 600, 0.001),),
        runs=(Run("r2", 11.6, 12.0, 400),),
        direct={"r1": ((9.0, 10.99),), "r2": ((11.6, 12.0),)},
        longest_stall=0.001,
    )
    window = measures.Window(11.0, 13.0, "r1", "r2")
    found = measures.measure(a_takeover(), observed, window, ADDRESS, 0.5).named()
    assert {name: value and round(value, 6) for name, value in found.items()} == {
        "outage": 0.605,
        "first_advertisement": 0.5,
        "first_answer": 0.6,
        "released": 0.1,
        "both_answered": 0,
        "both_held": 0,
        "overshoot": 1.2,
    }


def test_an_address_that_never_leaves_was_not_released_and_is_held_by_both(
    measures: ModuleType,
) -> None:
    timeline = importlib.import_module("experiments.timeline")
    told = timeline.Timeline()
    for node, since in (("r1", 9.0), ("r2", 11.5)):
        told.add(timeline.Event(since, "address", node, {"address": ADDRESS, "held": True}))
    window = measures.Window(11.0, 13.0, "r1", "r2")
    found = measures.measure(told, None, window, ADDRESS, None)
    assert found.released is None
    assert found.both_held == 1.5


def test_a_gap_in_which_nothing_was_lost_is_no_outage(measures: ModuleType) -> None:
    delay = Outage(11.1, 11.9, 0, 0.8)
    observed = Observation(1000, 1000, (delay,), (), {}, 0.8)
    window = measures.Window(11.0, 13.0, "r1", "r2")
    assert measures.measure(a_takeover(), observed, window, ADDRESS, None).outage == 0.0


def test_what_is_over_its_limit_or_never_came_has_not_passed(verdict: ModuleType) -> None:
    limits = importlib.import_module("experiments.setting").Limits
    found = importlib.import_module("experiments.measures").Measures(outage=0.6, released=None)
    checks = verdict.judge("r1 dies", limits(outage=0.5, released=1.0), found)
    assert [(check.measured, check.limit, check.passed) for check in checks] == [
        ("600 ms", "at most 500 ms", False),
        ("never", "at most 1000 ms", False),
    ]
    (check,) = verdict.judge("r1 dies", limits(outage=0.7), found)
    assert check.passed


def test_an_experiment_that_was_broken_off_has_not_passed() -> None:
    result = importlib.import_module("experiments.result")
    done: tuple[object, ...] = ("t", "s", 0.0, 1.0, [], [], [], [], [], 0.0)
    assert result.ExperimentResult(*done).passed
    assert not result.ExperimentResult(*done, error="waited in vain").passed


def test_a_scenario_that_could_not_run_has_not_passed() -> None:
    result = importlib.import_module("experiments.result")
    assert not result.ScenarioResult("frr_v3", "promise", (), "not installed: frr").passed


@pytest.mark.kernel
@pytest.mark.interop
def test_the_lab_fails_an_implementation_whose_dead_daemon_keeps_the_address() -> None:
    experiment = importlib.import_module("experiments.experiment")
    setting = importlib.import_module("experiments.setting")
    moves = importlib.import_module("experiments.moves")
    members = (setting.Member("keepalived", 200), setting.Member("keepalived", 100))
    made = experiment.Experiment("t", setting.Setting(client=False), members)
    with made:
        made.start()
        moves.kill_daemon(made, "r1", "r2")
    assert "waited" in made.result().error
    assert not made.result().passed
