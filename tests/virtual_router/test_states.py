from dataclasses import replace

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    Rival,
    State,
    deadline,
    is_transient,
    name,
)
from tests.virtual_router.examples import LOW, T0, after


@pytest.mark.parametrize(
    ("state", "label", "instant"),
    [
        (Init("drained"), "INIT", None),
        (Backup(after(3000), SECOND), "BACKUP", 103_000_000_000),
        (Backup(after(3000), SECOND, preempt_at=after(2000)), "BACKUP", 102_000_000_000),
        (Backup(after(3000), SECOND, preempt_at=after(9000)), "BACKUP", 103_000_000_000),
        (Master(after(1000)), "MASTER", 101_000_000_000),
        (Master(after(1000), rival=Rival(LOW, T0, after(1500))), "MASTER", 101_000_000_000),
        (Master(after(2000), rival=Rival(LOW, T0, after(1500))), "MASTER", 101_500_000_000),
        (Releasing(after(1000), "fenced"), "MASTER", 101_000_000_000),
    ],
)
def test_a_state_has_a_name_for_people_and_its_next_deadline(
    state: State, label: str, instant: Nanoseconds | None
) -> None:
    assert name(state) == label
    assert deadline(state) == instant


def test_a_move_that_ends_by_itself_is_transient_and_standing_by_is_not() -> None:
    waiting = Backup(T0, SECOND)
    moving = (
        Releasing(T0, "stopping"),
        HandingOver(T0, "drained"),
        replace(waiting, holds_until=T0),
    )
    assert [is_transient(state) for state in moving] == [True, True, True]
    assert [is_transient(state) for state in (Init("fenced"), waiting, Master(T0))] == [False] * 3
