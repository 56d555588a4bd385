import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import (
    Backup,
    Init,
    Master,
    Releasing,
    Rival,
    State,
    deadline,
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
