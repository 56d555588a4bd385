"""An advertisement that leaves with another one: early by 2 % of the interval at most."""

import pytest

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import SendAdvertisement
from pyvrrp.virtual_router.events import TimerFired
from pyvrrp.virtual_router.states import Backup, Master
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import V3, after


def with_turn(milliseconds: float) -> TimerFired:
    return TimerFired(with_turn=after(milliseconds))


@pytest.mark.parametrize("early_ms", [0.001, 1, 20])
def test_it_leaves_at_once_and_stays_in_step(early_ms: float) -> None:
    turn = 1000 - early_ms
    state, actions = step(Master(after(1000)), with_turn(turn), V3, after(turn + 0.05))
    assert actions == (SendAdvertisement(V3.priority),)
    assert state == Master(after(turn + 1000))


@pytest.mark.parametrize("early_ms", [20.001, 500, 0, -5])
def test_at_any_other_time_it_waits_for_its_own_turn(early_ms: float) -> None:
    master = Master(after(1000))
    assert step(master, with_turn(1000 - early_ms), V3, after(999)) == (master, ())


def test_a_backup_claims_nothing_early() -> None:
    backup = Backup(after(1000), Nanoseconds(1_000_000_000))
    assert step(backup, with_turn(999), V3, after(999)) == (backup, ())
