"""How a check with a weight changes the priority."""

import pytest

from pyvrrp.fencing.weight import Weight


@pytest.mark.parametrize(
    ("points", "passing", "adjustment"),
    [(-20, True, 0), (-20, False, -20), (20, True, 20), (20, False, 0)],
)
def test_a_negative_weight_counts_while_the_check_fails_and_a_positive_one_while_it_passes(
    points: int, passing: bool, adjustment: int
) -> None:
    assert Weight("web", points).adjustment(passing=passing) == adjustment
