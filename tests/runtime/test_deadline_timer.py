from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.support.clock import FakeClock


def at(milliseconds: float) -> Nanoseconds:
    return Nanoseconds(round(milliseconds * MILLISECOND))


def test_it_rings_once_at_its_deadline_and_one_that_moved_later_rings_later() -> None:
    clock = FakeClock()
    rings: list[float] = []
    timer = DeadlineTimer(clock, lambda: rings.append(clock.now() / MILLISECOND))
    timer.set(at(100))
    clock.run(0.05)
    timer.set(at(130))
    clock.run(1)
    assert rings == [130]


def test_one_that_moved_earlier_rings_earlier_and_one_without_a_deadline_does_not() -> None:
    clock = FakeClock()
    rings: list[float] = []
    timer = DeadlineTimer(clock, lambda: rings.append(clock.now() / MILLISECOND))
    timer.set(at(100))
    timer.set(at(30))
    clock.run(0.05)
    assert rings == [30]
    timer.set(at(100))
    timer.set(None)
    clock.run(1)
    assert rings == [30]


def test_deadlines_that_move_are_looked_at_together_before_they_come() -> None:
    clock = FakeClock()
    rings: list[float] = []
    timers = [
        DeadlineTimer(clock, lambda: rings.append(clock.now() / MILLISECOND)) for _ in range(3)
    ]
    for timer, deadline in zip(timers, (3610, 3625.5, 3649.9), strict=True):
        timer.ring_before(at(deadline))
    clock.run(10)
    assert rings == [3600, 3600, 3600]


def test_shortly_before_the_deadline_it_rings_at_the_deadline() -> None:
    clock = FakeClock()
    rings: list[float] = []
    timer = DeadlineTimer(clock, lambda: rings.append(clock.now() / MILLISECOND))
    clock.run(3.6)
    timer.ring_before(at(3625.5))
    clock.run(10)
    assert rings == [3625.5]
