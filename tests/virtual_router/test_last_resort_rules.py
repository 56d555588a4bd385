from dataclasses import replace

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.last_resort import (
    Decision,
    End,
    Forget,
    LastResortFacts,
    LookAgain,
    Nothing,
    Stand,
    decide,
)
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master
from tests.virtual_router.examples import HIGH, T0, after

FENCED = LastResortFacts(
    state=Init("fenced by web: HTTP 503"),
    stands=False,
    stands_since=T0,
    fence_open=False,
    fence_failed=True,
    fenced_alone=True,
    failed_since=T0,
    heard=None,
    heard_at=None,
    life_at=None,
    told=False,
    allowed=True,
    patience=Nanoseconds(3 * SECOND),
)
STANDING = replace(FENCED, stands=True, state=Backup(after(9000), SECOND), failed_since=None)


def silent_for(milliseconds: int) -> Nanoseconds:
    return Nanoseconds(after(milliseconds) - T0)


@pytest.mark.parametrize(
    ("at", "facts", "decision"),
    [
        (0, replace(FENCED, failed_since=None), LookAgain(after(6000), silent_for(0))),
        (5999, FENCED, LookAgain(after(6000), silent_for(5999))),
        (6000, FENCED, LookAgain(after(12000), silent_for(6000), tell=True)),
        (6001, replace(FENCED, told=True), LookAgain(after(12000), silent_for(6001))),
        (12000, replace(FENCED, told=True), Stand(silent_for(12000))),
        (12000, FENCED, Stand(silent_for(12000), tell=True)),
        (12000, replace(FENCED, allowed=False), LookAgain(None, silent_for(12000), tell=True)),
        (9000, replace(FENCED, life_at=after(4000)), LookAgain(after(10000), silent_for(5000))),
    ],
)
def test_after_two_master_down_intervals_it_is_told_and_after_four_it_stands(
    at: int, facts: LastResortFacts, decision: Decision
) -> None:
    assert decide(facts, after(at)) == decision


@pytest.mark.parametrize(
    "facts", [replace(FENCED, fence_failed=False), replace(FENCED, fenced_alone=False)]
)
def test_where_the_fence_is_not_what_keeps_it_away_the_silence_is_forgotten(
    facts: LastResortFacts,
) -> None:
    assert decide(facts, after(60000)) == Forget()


def test_it_ends_when_its_checks_pass() -> None:
    assert decide(replace(STANDING, fence_open=True), T0) == End("its checks pass")


def test_it_ends_when_something_else_keeps_it_away() -> None:
    assert decide(replace(STANDING, state=Init("link down")), T0) == End("link down")


def test_it_ends_when_a_router_is_heard_that_was_not_heard_before() -> None:
    heard = replace(STANDING, heard=Heard(HIGH, 100), heard_at=after(1))
    assert decide(heard, after(2)) == End(f"{HIGH} advertises priority 100")
    assert decide(replace(heard, heard_at=T0), after(2)) == Nothing()


def test_a_master_as_last_resort_goes_on() -> None:
    assert decide(replace(STANDING, state=Master(after(500))), after(100)) == Nothing()
