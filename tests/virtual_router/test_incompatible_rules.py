"""When a neighbour that cannot be accepted keeps a router from claiming."""

from dataclasses import replace

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.incompatible import (
    IncompatibleAdvertisement,
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


def test_the_first_one_that_lives_and_has_the_addresses_keeps_from_claiming() -> None:
    foreign, other = replace(HEARD, shares=False), replace(HEARD, priority=50)
    now = Nanoseconds(6 * SECOND)
    assert keeps_from_claiming([foreign, HEARD, other], OWN, now) == HEARD
    assert keeps_from_claiming([foreign], OWN, now) is None
    ends = lives_until(HEARD, OWN)
    assert keeps_from_claiming([HEARD], OWN, Nanoseconds(ends - 1)) == HEARD
    assert keeps_from_claiming([HEARD], OWN, ends) is None
