"""The numbers of the benchmark of many virtual routers, from times written down by hand."""

from dataclasses import replace

import pytest

from benchmarks.scale.case import Case, CaseNumbers
from benchmarks.scale.evaluate import (
    CountedWindow,
    is_steady,
    reigns_alone,
    takeovers,
    times_master,
)
from benchmarks.scale.judge import judge
from benchmarks.scale.run import read_cases
from pyvrrp.testing.errors import BenchError


def test_a_node_becomes_master_with_each_advertisement_after_a_silence() -> None:
    # VRID 1: one reign of three advertisements, then another; VRID 2: one.
    sent = {1: [10.0, 11.0, 12.01, 16.5], 2: [10.2]}
    assert times_master(sent, 1.0) == 3
    assert times_master({}, 1.0) == 0


def test_a_node_reigns_alone_when_it_has_sent_all_and_the_other_is_quiet() -> None:
    both = {1: [10.0], 2: [10.1]}
    assert reigns_alone(both, {}, 2, 10.2, 2.0)
    assert not reigns_alone({1: [10.0]}, {}, 2, 10.2, 2.0)
    assert not reigns_alone(both, {2: [8.0, 9.0]}, 2, 10.9, 2.0)
    assert reigns_alone(both, {2: [8.0, 9.0]}, 2, 11.1, 2.0)


def test_a_window_is_steady_if_the_better_node_alone_has_sent_nearly_all() -> None:
    case = Case(50, 1000)
    whole = CountedWindow(20.0, 998, 0, 998, 1, 1, 0.0)
    assert is_steady(whole, case)
    assert not is_steady(replace(whole, sent_by_lower=1), case)
    assert not is_steady(replace(whole, sent=900), case)
    assert not is_steady(replace(whole, received=0), case)


def test_a_takeover_is_late_from_its_own_last_advertisement() -> None:
    old = {1: [9.0, 10.0], 2: [9.5, 10.5], 3: [9.9]}
    new = {1: [13.75, 14.75], 2: [14.125]}
    assert takeovers(old, new, 10.6, 3.5) == [0.125, 0.25]


def test_what_the_new_master_had_before_the_cut_was_not_taken_over() -> None:
    assert takeovers({1: [9.0, 10.0]}, {1: [9.5, 10.5, 11.5]}, 10.2, 3.5) == []


def test_cases_are_read_as_the_command_line_writes_them() -> None:
    assert read_cases("250x1000,1x100") == [Case(250, 1000), Case(1, 100)]
    for wrong in ("250", "0x100", "251x1000", "1x5", "ax100"):
        with pytest.raises(BenchError, match=r"at 10 to 40950 ms|cases are written as"):
            read_cases(wrong)


def test_master_down_interval_of_a_case_is_that_of_priority_100() -> None:
    assert Case(1, 1000).master_down_interval == 3.609375


def test_a_target_is_missed_by_what_costs_more_and_by_what_was_not_measured() -> None:
    ours = CaseNumbers(
        "pyvrrp",
        Case(250, 1000),
        sent_cost=40.0,
        received_cost=16.5,
        memory=35_000_000,
        last_takeover=0.05,
        taken_over=249,
    )
    theirs = CaseNumbers("keepalived", Case(250, 1000), sent_cost=40.0, received_cost=16.0)
    one = CaseNumbers("pyvrrp", Case(1, 1000), memory=31_000_000)
    found = {target.what: target.held for target in judge([ours, theirs, one])}
    assert found == {
        "250 at 1000 ms: processor time for each one sent": True,
        "250 at 1000 ms: processor time for each one received": False,
        "memory with one virtual router": True,
        "memory for each further virtual router": True,
        "250 at 1000 ms: last takeover after Master_Down_Interval": False,
    }
    broken = CaseNumbers("pyvrrp", Case(250, 1000), notes=["it did not start"])
    assert not any(target.held for target in judge([broken, theirs]))
