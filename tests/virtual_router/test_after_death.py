"""The guardian's handover: the same rule as that of a planned move, and when it is allowed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import RemoveAddresses
from pyvrrp.virtual_router.after_death import HandoverAfterDeath
from pyvrrp.virtual_router.events import Event, HandOver, SuccessorAnnounced, TimerFired
from pyvrrp.virtual_router.rules.death import may_hand_over_until, times_after_death
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
)
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import T0, V2, V3, after, heard

LINGERING = replace(V3, linger=Nanoseconds(50 * MILLISECOND))
MASTER = Master(after(500))
LEAVING = HandingOver(after(1996), "stopping")


def ms(instant: int) -> float:
    return (instant - T0) / MILLISECOND


def death() -> HandoverAfterDeath:
    return HandoverAfterDeath(T0, times_after_death(LINGERING))


def test_without_a_successor_the_addresses_go_after_skew_time_and_one_interval() -> None:
    assert ms(death().ends_at) == 1996.09375


def test_the_addresses_go_fifty_milliseconds_after_a_successor_that_has_announced() -> None:
    one = death()
    one.successor_heard(after(610))
    assert ms(one.ends_at) == 1110
    one.successor_announced(after(612))
    assert ms(one.ends_at) == 660


def test_a_late_announcement_ends_it_twenty_milliseconds_later() -> None:
    one = death()
    one.successor_heard(after(610))
    one.successor_announced(after(900))
    assert ms(one.ends_at) == 920


def test_an_announcement_may_come_before_the_advertisement() -> None:
    one = death()
    one.successor_announced(after(600))
    assert ms(one.ends_at) == 1996.09375
    one.successor_heard(after(610))
    assert ms(one.ends_at) == 660


def test_only_the_first_advertisement_and_the_first_announcement_count() -> None:
    one = death()
    one.successor_heard(after(610))
    one.successor_announced(after(612))
    one.successor_heard(after(650))
    one.successor_announced(after(655))
    assert ms(one.ends_at) == 660


def test_a_long_interval_is_waited_for_ten_seconds_at_most() -> None:
    slow = replace(LINGERING, advertisement_interval=Nanoseconds(30 * SECOND))
    assert times_after_death(slow)[0] == 10 * SECOND


@given(
    st.lists(
        st.tuples(st.integers(0, 2500), st.sampled_from([heard(90), SuccessorAnnounced()])),
        max_size=6,
    )
)
def test_it_keeps_the_addresses_as_long_as_a_daemon_that_stops(
    script: list[tuple[int, Event]],
) -> None:
    """Event by event the same: `step` on one side, the guardian's few lines on the other."""
    dead = death()
    state: State = step(MASTER, HandOver("stopping"), LINGERING, T0)[0]
    gone_at = None
    for at, event in [*sorted(script, key=lambda one: one[0]), (9000, TimerFired())]:
        while gone_at is None and (due := deadline(state)) is not None and due <= after(at):
            state, actions = step(state, TimerFired(), LINGERING, due)
            if RemoveAddresses() in actions:
                gone_at = due
        if gone_at is not None:
            break
        state, _ = step(state, event, LINGERING, after(at))
        if isinstance(event, SuccessorAnnounced):
            dead.successor_announced(after(at))
        elif not isinstance(event, TimerFired):
            dead.successor_heard(after(at))
    assert gone_at == dead.ends_at


@pytest.mark.parametrize(
    ("state", "until_ms"),
    [
        (MASTER, 2900),  # three intervals after the last advertisement
        (LEAVING, 1996),
        (Backup(after(3000), SECOND), None),
        (Backup(after(3000), SECOND, holds_until=after(50)), None),
        (Releasing(after(500), "fenced"), None),
        (Init("fenced"), None),
    ],
)
def test_only_a_master_whose_last_advertisement_is_young_is_handed_over(
    state: State, until_ms: int | None
) -> None:
    until = None if until_ms is None else after(until_ms)
    assert may_hand_over_until(state, LINGERING, after(-100), lingers=True) == until


@pytest.mark.parametrize("state", [MASTER, LEAVING])
def test_nothing_is_handed_over_if_nothing_left_or_if_two_nodes_may_never_have_the_addresses(
    state: State,
) -> None:
    assert may_hand_over_until(state, LINGERING, None, lingers=True) is None
    assert may_hand_over_until(state, LINGERING, T0, lingers=False) is None
    assert may_hand_over_until(state, V2, T0, lingers=True) is None  # it does not linger itself
