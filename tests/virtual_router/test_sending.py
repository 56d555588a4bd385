"""A master that cannot send is none for longer than Master_Down_Interval."""

from pyvrrp.virtual_router.rules.kernel_answers import Meaning
from pyvrrp.virtual_router.rules.sending import mastership_ends_at
from pyvrrp.virtual_router.states import Init, Master, Releasing
from tests.virtual_router.examples import T0, V3, after

MASTER = Master(after(500))
DOWN = 3609  # milliseconds at priority 100 and an interval of one second


def test_it_leaves_when_another_router_takes_over() -> None:
    sent_at = after(-1000)
    ends = mastership_ends_at(MASTER, V3, sent_at, Meaning.NOT_NOW, T0)
    assert ends is not None
    assert (ends - sent_at) // 1_000_000 == DOWN


def test_a_claim_that_nobody_has_heard_counts_from_the_claim() -> None:
    ends = mastership_ends_at(MASTER, V3, None, Meaning.NOT_NOW, T0)
    assert ends is not None
    assert (ends - T0) // 1_000_000 == DOWN


def test_what_will_never_leave_is_not_waited_for() -> None:
    assert mastership_ends_at(MASTER, V3, after(-1), Meaning.CANNOT, T0) == T0


def test_the_end_is_never_in_the_past() -> None:
    assert mastership_ends_at(MASTER, V3, after(-60_000), Meaning.NOT_NOW, T0) == T0


def test_who_is_no_master_need_not_leave() -> None:
    for state in (Init("fenced"), Releasing(after(500), "fenced")):
        assert mastership_ends_at(state, V3, None, Meaning.CANNOT, T0) is None
