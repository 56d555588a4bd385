"""How long a predecessor waits for the announcement of its successor."""

from pyvrrp.runtime.addresses.handover_wait import Successor
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Backup, Init, Master, State
from tests.support.clock import FakeClock

MILLISECOND = 1_000_000


def at(milliseconds: int) -> Nanoseconds:
    return Nanoseconds(milliseconds * MILLISECOND)


def holding(until: int = 50, turn: int = 3609) -> Backup:
    return Backup(at(turn), SECOND, holds_until=at(until))


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.successor = Successor(self.clock)
        self.successor.invite()

    def awaited(
        self, milliseconds: int, state: State, *, leaves: bool = True
    ) -> Nanoseconds | None:
        self.clock.run((milliseconds * MILLISECOND - self.clock.now()) / SECOND)
        return self.successor.awaited_until(state, leaves=leaves)


def test_one_that_has_not_announced_is_waited_for_half_a_second() -> None:
    scene = Scene()
    assert scene.awaited(50, holding()) == at(500)
    assert scene.awaited(499, holding()) == at(500)
    assert scene.awaited(500, holding()) is None


def test_one_that_announced_in_time_is_not_waited_for() -> None:
    scene = Scene()
    scene.clock.run(0.001)
    scene.successor.announced()
    assert scene.awaited(2, holding()) is None
    assert scene.awaited(50, holding()) is None


def test_one_that_announced_late_is_followed_by_twenty_milliseconds() -> None:
    scene = Scene()
    scene.clock.run(0.3)
    scene.successor.announced()
    assert scene.awaited(300, holding()) == at(320)
    assert scene.awaited(320, holding()) is None


def test_the_first_announcement_counts_and_further_ones_prolong_nothing() -> None:
    scene = Scene()
    for milliseconds in (300, 310, 318):
        scene.clock.run((at(milliseconds) - scene.clock.now()) / SECOND)
        scene.successor.announced()
    assert scene.awaited(319, holding()) == at(320)
    assert scene.awaited(320, holding()) is None


def test_what_was_announced_before_the_handover_proves_nothing() -> None:
    scene = Scene()
    scene.successor.announced()
    scene.successor.invite()
    assert scene.awaited(51, holding()) == at(500)


def test_one_that_was_not_asked_to_take_over_is_not_waited_for() -> None:
    scene = Scene()
    scene.successor.forget()
    assert scene.awaited(50, holding()) is None


def test_a_backup_waits_no_longer_than_until_its_own_turn() -> None:
    scene = Scene()
    assert scene.awaited(10, holding(turn=400), leaves=False) == at(400)
    assert scene.awaited(60, holding(turn=36), leaves=False) is None
    assert scene.awaited(60, holding(turn=36), leaves=True) == at(500)


def test_whoever_holds_nothing_waits_for_nobody() -> None:
    for state in (Init("drained"), Master(at(5000)), Backup(at(3609), SECOND)):
        assert Scene().awaited(1, state) is None
