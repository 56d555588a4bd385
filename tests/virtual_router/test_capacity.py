from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.capacity import may_claim_from
from tests.virtual_router.examples import T0, after

PATIENCE = Nanoseconds(3 * SECOND)


def test_without_a_master_a_crowded_node_waits_one_master_down_interval() -> None:
    assert may_claim_from(T0, None, PATIENCE) == after(3000)


def test_a_lower_master_must_be_silent_for_long_enough_first() -> None:
    assert may_claim_from(T0, after(1000), PATIENCE) == after(7000)


def test_a_master_that_fell_silent_long_ago_makes_no_difference() -> None:
    assert may_claim_from(T0, after(-9000), PATIENCE) == after(3000)
