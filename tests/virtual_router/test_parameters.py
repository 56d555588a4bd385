from dataclasses import replace

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import believed
from pyvrrp.virtual_router.states import Backup
from tests.virtual_router.examples import T0, V3, after, heard, play


@pytest.mark.parametrize(
    ("interval", "believes"),
    [
        (1_000_000_000, 1_000_000_000),
        (10_000_000_000, 10_000_000_000),
        (10_010_000_000, 10_000_000_000),
        (40_950_000_000, 10_000_000_000),
    ],
)
def test_a_peers_interval_is_believed_up_to_a_limit(interval: int, believes: int) -> None:
    assert believed(Nanoseconds(interval), V3) == believes


def test_a_peer_configured_like_this_router_is_believed_whatever_the_limit() -> None:
    slow = replace(V3, advertisement_interval=Nanoseconds(20_000_000_000))
    assert believed(Nanoseconds(20_000_000_000), slow) == 20_000_000_000
    assert believed(Nanoseconds(40_000_000_000), slow) == 20_000_000_000


def test_one_forged_advertisement_postpones_a_takeover_by_the_limit_and_not_by_minutes() -> None:
    state, _ = play(Backup(T0, SECOND), V3, (0, heard(255, interval=Nanoseconds(40_950_000_000))))
    assert isinstance(state, Backup)
    assert state.master_down_at == after(36_093.75)
