"""The numbers of the benchmark of many virtual routers, from times written down by hand."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pyvrrp.testing.errors import BenchError

LAB = Path(__file__).parents[2] / "netns-lab"


@pytest.fixture(scope="module", autouse=True)
def lab_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(LAB))
    yield
    sys.path.remove(str(LAB))


@pytest.fixture
def evaluate() -> ModuleType:
    return importlib.import_module("benchmarks.scale.evaluate")


def test_a_node_becomes_master_with_each_advertisement_after_a_silence(
    evaluate: ModuleType,
) -> None:
    # VRID 1: one reign of three advertisements, then another; VRID 2: one.
    sent = {1: [10.0, 11.0, 12.01, 16.5], 2: [10.2]}
    assert evaluate.times_master(sent, 1.0) == 3
    assert evaluate.times_master({}, 1.0) == 0


def test_a_node_reigns_alone_when_it_has_sent_all_and_the_other_is_quiet(
    evaluate: ModuleType,
) -> None:
    both = {1: [10.0], 2: [10.1]}
    assert evaluate.reigns_alone(both, {}, 2, 10.2, 2.0)
    assert not evaluate.reigns_alone({1: [10.0]}, {}, 2, 10.2, 2.0)
    assert not evaluate.reigns_alone(both, {2: [8.0, 9.0]}, 2, 10.9, 2.0)
    assert evaluate.reigns_alone(both, {2: [8.0, 9.0]}, 2, 11.1, 2.0)


def test_a_takeover_is_late_from_its_own_last_advertisement(evaluate: ModuleType) -> None:
    old = {1: [9.0, 10.0], 2: [9.5, 10.5], 3: [9.9]}
    new = {1: [13.75, 14.75], 2: [14.125]}
    assert evaluate.takeovers(old, new, 10.6, 3.5) == [0.125, 0.25]


def test_what_the_new_master_had_before_the_cut_was_not_taken_over(evaluate: ModuleType) -> None:
    assert evaluate.takeovers({1: [9.0, 10.0]}, {1: [9.5, 10.5, 11.5]}, 10.2, 3.5) == []


def test_cases_are_read_as_the_command_line_writes_them() -> None:
    run = importlib.import_module("benchmarks.scale.run")
    case = importlib.import_module("benchmarks.scale.case").Case
    assert run.read_cases("250x1000,1x100") == [case(250, 1000), case(1, 100)]
    for wrong in ("250", "0x100", "251x1000", "1x5", "ax100"):
        with pytest.raises(BenchError, match=r"at 10 to 40950 ms|cases are written as"):
            run.read_cases(wrong)


def test_master_down_interval_of_a_case_is_that_of_priority_100() -> None:
    case = importlib.import_module("benchmarks.scale.case").Case
    assert case(1, 1000).master_down_interval == 3.609375


def numbers(implementation: str, routers: int, interval_ms: int, **found: object) -> object:
    case = importlib.import_module("benchmarks.scale.case")
    return case.CaseNumbers(implementation, case.Case(routers, interval_ms), **found)


def test_a_target_is_missed_by_what_costs_more_and_by_what_was_not_measured() -> None:
    judge = importlib.import_module("benchmarks.scale.judge").judge
    ours = numbers(
        *("pyvrrp", 250, 1000), sent_cost=40.0, received_cost=16.5, memory=35_000_000,
        last_takeover=0.05, taken_over=249,
    )  # fmt: skip
    theirs = numbers("keepalived", 250, 1000, sent_cost=40.0, received_cost=16.0)
    one = numbers("pyvrrp", 1, 1000, memory=31_000_000)
    found = {target.what: target.held for target in judge([ours, theirs, one])}
    assert found == {
        "250 at 1000 ms: processor time for each one sent": True,
        "250 at 1000 ms: processor time for each one received": False,
        "memory with one virtual router": True,
        "memory for each further virtual router": True,
        "250 at 1000 ms: last takeover after Master_Down_Interval": False,
    }
    broken = numbers("pyvrrp", 250, 1000, notes=["it did not start"])
    assert not any(target.held for target in judge([broken, theirs]))
