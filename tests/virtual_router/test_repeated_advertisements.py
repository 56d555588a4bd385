"""Hearing one advertisement again and again is hearing the last one of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.backup_wait import only_moves_deadline
from pyvrrp.virtual_router.states import Backup, Heard
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import HIGH, LOW, V3, after, heard


@pytest.mark.parametrize(("priority", "only"), [(0, False), (1, False), (2, True), (255, True)])
def test_a_release_and_a_last_resort_do_more_than_move_the_deadline(
    priority: int, only: bool
) -> None:
    assert only_moves_deadline(heard(priority, LOW), V3) is only


@given(
    priority=st.sampled_from([2, 50, V3.priority, 200, 255]),
    gaps=st.lists(st.integers(1, 3000), min_size=2, max_size=6),
    before=st.sampled_from(
        [
            Backup(after(3000), SECOND),
            Backup(after(3000), Nanoseconds(2 * SECOND), Heard(HIGH, 200)),
            Backup(after(3000), SECOND, Heard(HIGH, 0), lower=Heard(LOW, 50)),
            Backup(after(3000), SECOND, defers=True),
            Backup(after(3000), SECOND, holds_until=after(50)),
        ]
    ),
    delay=st.sampled_from([0, 5]),
)
def test_the_last_of_many_makes_the_same_state_as_all(
    priority: int, gaps: list[int], before: Backup, delay: int
) -> None:
    own = replace(V3, preempt_delay=Nanoseconds(delay * SECOND))
    event = heard(priority, LOW)
    at = [after(sum(gaps[: number + 1])) for number in range(len(gaps))]
    state, _ = step(before, event, own, at[0])
    once, no_actions = step(state, event, own, at[-1])
    assert no_actions == ()
    for instant in at[1:]:
        state, actions = step(state, event, own, instant)
        assert actions == ()
    assert state == once
