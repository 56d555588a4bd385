"""The numbers of the lab and its judgement, from events written down by hand."""

from dataclasses import replace

import pytest

from experiments.experiment import Experiment
from experiments.moves import kill_daemon
from pyvrrp.testing.measure.outages import AnswerRun, Observation, Outage
from results.judging import judge
from results.measures import Measures, Window, measure
from results.result import ExperimentResult, ScenarioResult
from results.setting import ChangeLimits, RouterSpec, Setting
from results.timeline import LabEvent, Timeline

ADDRESS = "10.9.0.100"


def a_takeover() -> Timeline:
    """r1 falls silent after 10.9 s and lets go at 11.1 s; r2 has the address from 11.3 s on."""
    told = Timeline()

    def add(time: float, kind: str, node: str, **what: object) -> None:
        told.add(LabEvent(time, kind, node, what))

    add(9.0, "address", "r1", address=ADDRESS, held=True)
    add(11.1, "address", "r1", address=ADDRESS, held=False)
    add(11.3, "address", "r2", address=ADDRESS, held=True)
    add(10.9, "advertisement", "r1", priority=200)
    add(11.2, "advertisement", "r2", priority=0)
    add(11.5, "advertisement", "r2", priority=100)
    return told


def test_a_takeover_is_measured_from_the_event() -> None:
    observed = Observation(
        sent=3000,
        answered=2400,
        outages=(Outage(10.995, 11.6, 600, 0.001),),
        runs=(AnswerRun("r2", 11.6, 12.0, 400),),
        direct={"r1": ((9.0, 10.99),), "r2": ((11.6, 12.0),)},
        longest_stall=0.001,
    )
    window = Window(11.0, 13.0, "r1", "r2")
    found = measure(a_takeover(), observed, window, ADDRESS, 0.5).named()
    assert {name: value and round(value, 6) for name, value in found.items()} == {
        "outage": 0.605,
        "first_advertisement": 0.5,
        "first_answer": 0.6,
        "released": 0.1,
        "both_answered": 0,
        "both_held": 0,
        "overshoot": 1.2,
    }


def test_an_address_that_never_leaves_was_not_released_and_is_held_by_both() -> None:
    told = Timeline()
    for node, since in (("r1", 9.0), ("r2", 11.5)):
        told.add(LabEvent(since, "address", node, {"address": ADDRESS, "held": True}))
    window = Window(11.0, 13.0, "r1", "r2")
    found = measure(told, None, window, ADDRESS, None)
    assert found.released is None
    assert found.both_held == 1.5


def test_a_gap_in_which_nothing_was_lost_is_no_outage() -> None:
    delay = Outage(11.1, 11.9, 0, 0.8)
    observed = Observation(1000, 1000, (delay,), (), {}, 0.8)
    window = Window(11.0, 13.0, "r1", "r2")
    assert measure(a_takeover(), observed, window, ADDRESS, None).outage == 0.0


def test_what_is_over_its_limit_or_never_came_has_not_passed() -> None:
    found = Measures(outage=0.6, released=None)
    checks = judge("r1 dies", ChangeLimits(outage=0.5, released=1.0), found)
    assert [(check.measured, check.limit, check.passed) for check in checks] == [
        ("600 ms", "at most 500 ms", False),
        ("never", "at most 1000 ms", False),
    ]
    (check,) = judge("r1 dies", ChangeLimits(outage=0.7), found)
    assert check.passed


def test_a_time_over_its_limit_is_excused_by_as_much_as_the_machine_stood_still() -> None:
    found = Measures(outage=0.6)
    (check,) = judge("r1 dies", ChangeLimits(outage=0.5), found, stall=0.15)
    assert (check.measured, check.passed) == ("600 ms (the machine stood still for 150 ms)", True)
    (check,) = judge("r1 dies", ChangeLimits(outage=0.5), found, stall=0.05)
    assert (check.measured, check.passed) == ("600 ms", False)
    (check,) = judge("r1 dies", ChangeLimits(outage=0.5), found, stall=0.0)
    assert not check.passed


def test_a_machine_that_stood_still_for_long_excuses_no_more_than_a_second() -> None:
    found = Measures(outage=2.0)
    (check,) = judge("r1 dies", ChangeLimits(outage=0.5), found, stall=9.0)
    assert not check.passed


def test_the_silence_of_the_client_counts_inside_the_change_only() -> None:
    observed = Observation(9, 9, (), (), {}, 0.5, (), ((10.0, 10.5), (12.0, 12.2)))
    assert observed.stall(11.0, 13.0) == pytest.approx(0.2)
    assert observed.stall(10.4, 11.0) == pytest.approx(0.1)
    assert observed.stall(13.0, 14.0) == 0.0


def test_an_experiment_that_was_broken_off_has_not_passed() -> None:
    done = ExperimentResult("t", "s", 0.0, 1.0, [], [], [], [], [], 0.0)
    assert done.passed
    assert not replace(done, error="waited without result").passed


def test_a_scenario_that_could_not_run_has_not_passed() -> None:
    assert not ScenarioResult("frr_v3", "promise", (), "not installed: frr").passed


@pytest.mark.kernel
@pytest.mark.interop
def test_the_lab_fails_an_implementation_whose_dead_daemon_keeps_the_address() -> None:
    members = (RouterSpec("keepalived", 200), RouterSpec("keepalived", 100))
    made = Experiment("t", Setting(client=False), members)
    with made:
        made.start()
        kill_daemon(made, "r1", "r2")
    assert "waited" in made.result().error
    assert not made.result().passed
