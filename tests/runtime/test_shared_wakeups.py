"""Advertisements of several virtual routers on one interface leave together."""

from collections import Counter

import pytest

from pyvrrp.runtime.links.shared_wakeups import SharedWakeUps
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds


class Sharing:
    """A master that advertises every second, as the election would have it."""

    def __init__(self, at_ms: float) -> None:
        self.adver_at: Nanoseconds | None = Nanoseconds(round(at_ms * MILLISECOND))
        self.sent: list[tuple[float, float]] = []  # when, and how much early, in milliseconds

    def advertise_with(self, at: Nanoseconds) -> None:
        assert self.adver_at is not None
        self._send(at, self.adver_at)

    def advertise(self) -> None:
        assert self.adver_at is not None
        self._send(self.adver_at, self.adver_at)

    def _send(self, at: Nanoseconds, due: Nanoseconds) -> None:
        self.sent.append((at / MILLISECOND, (due - at) / MILLISECOND))
        self.adver_at = Nanoseconds(at + SECOND)


def run(masters: list[Sharing], seconds: int) -> None:
    shared = SharedWakeUps(SECOND)
    for master in masters:
        shared.join(master)
    while (turn := due(first := min(masters, key=due))) < seconds * SECOND:
        first.advertise()
        shared.advertised(turn)


def due(master: Sharing) -> Nanoseconds:
    assert master.adver_at is not None
    return master.adver_at


def instants(masters: list[Sharing], second: int) -> Counter[float]:
    """How many advertised at which instant of one second."""
    return Counter(
        at
        for master in masters
        for at, _ in master.sent
        if second * 1000 <= at < second * 1000 + 1000
    )


def test_two_that_are_close_advertise_together_from_the_first_time_on() -> None:
    masters = [Sharing(100), Sharing(119.5)]
    run(masters, 3)
    assert [master.sent for master in masters] == [
        [(100, 0), (1100, 0), (2100, 0)],
        [(100, 19.5), (1100, 0), (2100, 0)],
    ]


def test_two_that_are_more_than_two_percent_apart_stay_apart() -> None:
    masters = [Sharing(100), Sharing(120.1)]
    run(masters, 3)
    assert instants(masters, 2) == {2100: 1, 2120.1: 1}


@pytest.mark.parametrize("number", [3, 50, 250])
def test_no_advertisement_is_late_or_leaves_more_than_two_percent_early(number: int) -> None:
    masters = [Sharing(index * 997 % 1000 + index / 1000) for index in range(number)]
    run(masters, 6)
    early = [how_much for master in masters for _, how_much in master.sent]
    assert 0 <= min(early) <= max(early) <= 20
    for master in masters:
        gaps = [b - a for (a, _), (b, _) in zip(master.sent, master.sent[1:], strict=False)]
        assert all(980 <= gap <= 1000.001 for gap in gaps)


def test_250_that_are_spread_over_a_second_come_to_rest_in_few_wake_ups() -> None:
    masters = [Sharing(4 * index + index / 1000) for index in range(250)]
    run(masters, 12)
    at_rest = instants(masters, 11)
    assert sum(at_rest.values()) == 250
    assert len(at_rest) <= 50
    assert {at % 1000 for at in at_rest} == {at % 1000 for at in instants(masters, 10)}


def test_ten_in_step_are_left_alone() -> None:
    masters = [*(Sharing(100) for _ in range(10)), Sharing(110)]
    run(masters, 3)
    assert instants(masters, 2) == {2100: 10, 2110: 1}


def test_one_that_left_is_not_asked() -> None:
    shared, gone, other = SharedWakeUps(SECOND), Sharing(110), Sharing(100)
    shared.join(gone)
    shared.join(other)
    shared.leave(gone)
    other.advertise()
    shared.advertised(Nanoseconds(100 * MILLISECOND))
    assert gone.sent == []
