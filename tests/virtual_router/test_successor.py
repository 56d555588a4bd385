"""How long a predecessor keeps its addresses: until its successor has announced them."""

from dataclasses import replace

import pytest

from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import RemoveAddresses
from pyvrrp.virtual_router.events import (
    Event,
    HandOver,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, State, deadline
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import LOW, V3, after, heard, play

LINGERING = replace(V3, linger=Nanoseconds(50 * MILLISECOND))
LEAVING = HandingOver(after(1996.09375), "drained")
ANNOUNCED = SuccessorAnnounced()


def succeeded(*before: tuple[float, Event], returns: bool = False) -> Backup:
    """A predecessor whose successor advertised at 0 ms, after what came *before*."""
    start = replace(LEAVING, returns=returns)
    state, _ = play(start, LINGERING, *before, (0, heard(90, LOW)))
    assert isinstance(state, Backup)
    return state


def lets_go_at(state: State) -> float:
    due = deadline(state)
    assert due is not None
    return (due - after(0)) / MILLISECOND


def test_one_that_has_not_announced_is_waited_for_half_a_second() -> None:
    assert lets_go_at(succeeded()) == 500


def test_one_that_announced_before_it_advertised_is_not_waited_for() -> None:
    assert lets_go_at(succeeded((-40, ANNOUNCED))) == 50


def test_one_that_announced_late_is_followed_by_twenty_milliseconds() -> None:
    state, _ = play(succeeded(), LINGERING, (300, ANNOUNCED))
    assert lets_go_at(state) == 320


def test_one_that_announced_in_time_is_followed_by_the_fifty_of_every_move() -> None:
    state, _ = play(succeeded(), LINGERING, (2, ANNOUNCED))
    assert lets_go_at(state) == 50


def test_the_first_announcement_counts_and_further_ones_prolong_nothing() -> None:
    state, _ = play(succeeded(), LINGERING, (300, ANNOUNCED), (310, ANNOUNCED), (318, ANNOUNCED))
    assert lets_go_at(state) == 320
    early, _ = play(LEAVING, LINGERING, (-400, ANNOUNCED), (-10, ANNOUNCED), (0, heard(90, LOW)))
    assert lets_go_at(early) == 50


def test_the_addresses_stay_until_then_and_go_at_once() -> None:
    state = succeeded()
    assert step(state, TimerFired(), LINGERING, after(499)) == (state, ())
    gone, actions = step(state, TimerFired(), LINGERING, after(500))
    assert actions == (RemoveAddresses(),)
    assert gone == Backup(state.master_down_at, SECOND, state.master)


def test_a_backup_waits_no_longer_than_until_its_own_turn() -> None:
    state = replace(succeeded(returns=True), master_down_at=after(400))
    assert lets_go_at(state) == 400
    assert lets_go_at(replace(state, master_down_at=after(36))) == 50


def test_a_router_that_leaves_has_no_turn_to_miss() -> None:
    assert lets_go_at(replace(succeeded(), master_down_at=after(36))) == 500


def test_a_router_that_resigned_and_is_drained_meanwhile_leaves() -> None:
    state = replace(succeeded(returns=True), master_down_at=after(400))
    drained, actions = step(state, HandOver("drained"), LINGERING, after(10))
    assert actions == ()
    assert lets_go_at(drained) == 500


def test_a_rival_that_has_won_is_not_waited_for() -> None:
    state, _ = play(Master(after(500)), LINGERING, (0, heard(200, LOW)))
    assert lets_go_at(state) == 50


@pytest.mark.parametrize(
    "state", [Init("drained"), Master(after(500)), Backup(after(3609), SECOND)], ids=repr
)
def test_an_announcement_changes_nothing_where_nothing_is_held_for_a_successor(
    state: State,
) -> None:
    assert step(state, ANNOUNCED, LINGERING, after(1)) == (state, ())
