"""A member of a group whose other member has stepped down."""

from dataclasses import replace

from pyvrrp.units import MILLISECOND, Nanoseconds
from pyvrrp.virtual_router.actions import CeaseAnnouncing, RemoveAddresses, ReportTransition
from pyvrrp.virtual_router.events import StepDown
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing
from tests.virtual_router.examples import V3, after, play

MASTER = Master(after(1000))
FOLLOWS = StepDown("follows lan: 192.0.2.20 has priority 200")


def test_a_master_that_follows_says_nothing_and_waits_a_whole_master_down_interval() -> None:
    state, seen = play(MASTER, V3, (0, FOLLOWS))
    assert isinstance(state, Backup)
    assert state.master_down_at == after(3609.375)
    assert seen == [
        (0, RemoveAddresses()),
        (0, ReportTransition("MASTER", "BACKUP", "follows lan: 192.0.2.20 has priority 200")),
    ]


def test_one_that_follows_a_member_that_lingers_lingers_too() -> None:
    lingering = replace(V3, linger=Nanoseconds(50 * MILLISECOND))
    state, seen = play(MASTER, lingering, (0, replace(FOLLOWS, lingers=True)))
    assert isinstance(state, Backup)
    assert state.holds_until == after(50)
    assert isinstance(seen[0][1], CeaseAnnouncing)
    assert isinstance(play(MASTER, lingering, (0, FOLLOWS))[1][0][1], RemoveAddresses)


def test_after_a_stall_the_addresses_go_at_once_whatever_the_other_one_does() -> None:
    lingering = replace(V3, linger=Nanoseconds(50 * MILLISECOND))
    state, seen = play(MASTER, lingering, (9000, replace(FOLLOWS, lingers=True)))
    assert isinstance(state, Backup)
    assert state.holds_until is None
    assert [type(action) for _, action in seen] == [RemoveAddresses, ReportTransition]


def test_a_router_that_is_not_master_has_nothing_to_follow() -> None:
    for state in (
        Init("link down"),
        Backup(after(3000), Nanoseconds(1000)),
        Releasing(after(1000), "drained"),
        HandingOver(after(2000), "drained"),
    ):
        assert play(state, V3, (0, FOLLOWS)) == (state, [])
