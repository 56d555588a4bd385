"""When a neighbour that cannot be accepted keeps a router from claiming."""

from dataclasses import replace

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.incompatible import (
    IncompatibleAdvertisement,
    LivingNeighbour,
    OwnTimes,
    keeps_from_claiming,
    lives_until,
)

OWN = OwnTimes(priority=100, interval=SECOND, longest=Nanoseconds(10 * SECOND))
HEARD = IncompatibleAdvertisement(
    Version.V3, 200, SECOND, shares=True, heard_at=Nanoseconds(5 * SECOND)
)


@pytest.mark.parametrize(
    ("heard", "milliseconds"),
    [
        (HEARD, 3609.375),
        (replace(HEARD, interval=Nanoseconds(100 * MILLISECOND)), 360.9375),
        (replace(HEARD, version=Version.V2), 3609.375),
        (replace(HEARD, version=Version.V2, interval=Nanoseconds(3 * SECOND)), 9609.375),
        (replace(HEARD, interval=Nanoseconds(0)), 3609.375),
        (replace(HEARD, interval=Nanoseconds(40 * SECOND)), 36093.75),
        (replace(HEARD, priority=0), 609.375),
    ],
)
def test_it_counts_for_master_down_interval_of_its_own_interval(
    heard: IncompatibleAdvertisement, milliseconds: float
) -> None:
    assert lives_until(heard, OWN) == 5 * SECOND + round(milliseconds * MILLISECOND)


def test_the_own_interval_is_believed_even_above_the_limit() -> None:
    own = replace(OWN, interval=Nanoseconds(20 * SECOND))
    heard = replace(HEARD, interval=Nanoseconds(40 * SECOND))
    assert lives_until(heard, own) == 5 * SECOND + round(72_187.5 * MILLISECOND)


def test_a_slow_neighbour_of_a_fast_router_is_believed_too() -> None:
    own = OwnTimes(100, Nanoseconds(10 * MILLISECOND), Nanoseconds(100 * MILLISECOND))
    heard = replace(HEARD, version=Version.V2)
    assert lives_until(heard, own) == 5 * SECOND + round(3609.375 * MILLISECOND)


def test_the_first_one_that_lives_and_has_the_addresses_keeps_from_claiming() -> None:
    ends = lives_until(HEARD, OWN)
    living = LivingNeighbour(HEARD, ends)
    foreign = LivingNeighbour(replace(HEARD, shares=False), ends)
    other = LivingNeighbour(replace(HEARD, priority=50), ends)
    before = Nanoseconds(ends - 1)
    assert keeps_from_claiming([foreign, living, other], before) is living
    assert keeps_from_claiming([foreign], before) is None
    assert keeps_from_claiming([living], ends) is None
