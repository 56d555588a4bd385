"""The hold-down: how long a fence that closed stays closed."""

from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.fencing.hold_down import HoldDownState
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.units import Nanoseconds

S = 1_000_000_000
POLICY = HoldDown()  # 5 s, doubling within 600 s, up to 300 s


def closed_at(*seconds: int) -> HoldDownState:
    state = HoldDownState()
    for second in seconds:
        state = state.closed(Nanoseconds(second * S))
    return state


def opens_at(*seconds: int) -> Nanoseconds | None:
    return closed_at(*seconds).may_open_at(POLICY, nobody_serves=False)


def test_the_first_opening_ever_has_no_hold_down() -> None:
    assert opens_at() is None
    assert HoldDownState().may_open(Nanoseconds(0), POLICY, nobody_serves=False)


def test_after_one_closing_the_fence_stays_closed_for_five_seconds() -> None:
    assert opens_at(100) == 105 * S
    state = closed_at(100)
    assert not state.may_open(Nanoseconds(105 * S - 1), POLICY, nobody_serves=False)
    assert state.may_open(Nanoseconds(105 * S), POLICY, nobody_serves=False)


def test_each_closing_within_ten_minutes_doubles_the_hold_down() -> None:
    assert opens_at(100, 200) == 210 * S
    assert opens_at(100, 200, 300) == 320 * S
    assert opens_at(100, 200, 300, 400, 500, 600) == 760 * S


def test_the_hold_down_never_exceeds_the_ceiling_of_five_minutes() -> None:
    assert opens_at(1, 2, 3, 4, 5, 6, 7) == 307 * S
    assert opens_at(*range(1, 101)) == 400 * S


def test_a_service_that_flaps_for_hours_stays_at_the_ceiling() -> None:
    assert opens_at(*range(0, 36_000, 310)) == (35_960 + 300) * S


def test_a_closing_more_than_ten_minutes_after_the_last_starts_over() -> None:
    assert opens_at(100, 200, 800) == 820 * S
    assert opens_at(100, 200, 801) == 806 * S


def test_there_is_no_hold_down_when_nobody_serves() -> None:
    state = closed_at(100, 200)
    assert state.may_open_at(POLICY, nobody_serves=True) is None
    assert state.may_open(Nanoseconds(200 * S), POLICY, nobody_serves=True)


def test_with_an_initial_time_of_zero_there_is_no_hold_down() -> None:
    policy = HoldDown(initial=Nanoseconds(0))
    assert closed_at(1, 2, 3).may_open(Nanoseconds(3 * S), policy, nobody_serves=False)


@given(st.lists(st.integers(min_value=0, max_value=2_000), max_size=100))
def test_the_hold_down_lies_between_initial_and_ceiling_and_keeps_64_closings(
    seconds: list[int],
) -> None:
    state = closed_at(*sorted(seconds))
    instant = state.may_open_at(POLICY, nobody_serves=False)
    assert len(state.closings) <= 64
    if instant is not None:
        assert 5 * S <= instant - max(seconds) * S <= 300 * S


def test_closings_count_as_in_a_row_if_each_gap_is_at_most_the_window() -> None:
    assert closed_at().closings_in_a_row(POLICY) == 0
    assert closed_at(0).closings_in_a_row(POLICY) == 1
    assert closed_at(0, 600, 1200).closings_in_a_row(POLICY) == 3
    assert closed_at(0, 601, 1201).closings_in_a_row(POLICY) == 2
