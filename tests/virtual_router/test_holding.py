import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.holding import may_hold
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from tests.virtual_router.examples import T0, V3, after

LIMIT = Nanoseconds(1 * SECOND)
MASTER = Master(after(500))
LEAVING = HandingOver(after(1996), "drained")


@pytest.mark.parametrize(
    ("state", "sent_ago_ms", "may"),
    [
        (MASTER, 0, True),
        (MASTER, 1000, True),
        (MASTER, 1001, False),
        (LEAVING, 1001, True),
        (LEAVING, 1997, False),
        (HandingOver(after(0), "drained"), 0, False),
        (Backup(after(3000), SECOND), 0, False),
        (Backup(after(3000), SECOND, holds_until=after(50)), 0, False),
        (Releasing(after(500), "fenced"), 0, False),
        (Init("fenced"), 0, False),
    ],
)
def test_only_a_master_that_was_heard_lately_may_renew(
    state: State, sent_ago_ms: int, may: bool
) -> None:
    assert may_hold(state, V3, after(-sent_ago_ms), LIMIT, T0) is may


@pytest.mark.parametrize("state", [MASTER, LEAVING])
def test_a_master_whose_last_advertisement_did_not_leave_may_not(state: State) -> None:
    assert not may_hold(state, V3, None, LIMIT, T0)
