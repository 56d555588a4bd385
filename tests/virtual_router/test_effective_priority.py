"""Which priority is in force, and what a change of it does in each state."""

from dataclasses import replace

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import SendAdvertisement
from pyvrrp.virtual_router.events import PriorityChanged
from pyvrrp.virtual_router.rules.effective_priority import PrioritySources, effective_priority
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master, Releasing
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import HIGH, LOW, T0, V2, V3, after

RAISED = replace(V3, priority=228)
FORMER = PriorityChanged(100)


@pytest.mark.parametrize(
    ("sources", "priority"),
    [
        (PrioritySources(100), 100),
        (PrioritySources(100, weights=-20), 80),
        (PrioritySources(100, weights=50), 150),
        (PrioritySources(100, weights=-100), 1),
        (PrioritySources(200, weights=100), 254),
        (PrioritySources(100, operator=250), 250),
        (PrioritySources(100, operator=250, weights=-20), 230),
        (PrioritySources(100, operator=255), 254),
        (PrioritySources(100, operator=250, weights=-20, last_resort=True), 1),
        (PrioritySources(255, last_resort=True), 255),
        (PrioritySources(255), 255),
        (PrioritySources(255, weights=-20), 255),
        (PrioritySources(255, operator=10), 255),
    ],
)
def test_the_priority_in_force_adds_weights_and_stays_within_1_and_254_but_for_an_owners(
    sources: PrioritySources, priority: int
) -> None:
    assert effective_priority(sources) == priority


def test_a_master_tells_the_others_at_once_and_again_an_interval_later() -> None:
    state = Master(after(500))
    assert step(state, FORMER, RAISED, T0) == (Master(after(1000)), (SendAdvertisement(228),))


def test_a_backup_waits_with_the_skew_of_its_new_priority() -> None:
    state = Backup(after(2000), SECOND, Heard(HIGH, 250))
    raised = Backup(after(1500), SECOND, Heard(HIGH, 250))
    assert step(state, FORMER, RAISED, T0) == (raised, ())
    assert step(raised, PriorityChanged(228), V3, T0) == (state, ())


def test_a_backup_of_a_master_that_released_waits_with_the_skew_of_its_new_priority() -> None:
    state = Backup(after(609.375), SECOND, Heard(HIGH, 0))
    assert step(state, FORMER, RAISED, T0) == (Backup(after(109.375), SECOND, Heard(HIGH, 0)), ())


def test_a_backup_that_preempts_nobody_any_more_takes_the_lower_master_for_its_master() -> None:
    waiting = Backup(after(2000), SECOND, Heard(HIGH, 250), Heard(LOW, 50), after(700))
    content = replace(V3, preempt=False)
    state, actions = step(waiting, FORMER, content, T0)
    assert isinstance(state, Backup)
    assert (state.master, state.lower, state.preempt_at, actions) == (
        Heard(LOW, 50),
        None,
        None,
        (),
    )


def test_version_2_skews_by_parts_of_a_second_whatever_the_interval() -> None:
    raised = replace(V2, priority=228, advertisement_interval=Nanoseconds(10 * SECOND))
    state = Backup(after(2000), raised.advertisement_interval, Heard(HIGH, 250))
    assert step(state, FORMER, raised, T0) == (replace(state, master_down_at=after(1500)), ())


def test_a_backup_that_is_no_longer_better_gives_the_lower_master_its_whole_time() -> None:
    lowered = replace(V3, priority=64)
    state = Backup(after(200), SECOND, Heard(HIGH, 250), lower=Heard(LOW, 64))
    waits = Backup(after(3750), SECOND, Heard(LOW, 64))
    assert step(state, FORMER, lowered, T0) == (waits, ())


def test_a_backup_that_is_still_better_goes_on_to_preempt() -> None:
    lowered = replace(V3, priority=64)
    state = Backup(after(200), SECOND, lower=Heard(LOW, 63), preempt_at=after(100))
    assert step(state, FORMER, lowered, T0) == (replace(state, master_down_at=after(340.625)), ())


@pytest.mark.parametrize("state", [Init("link down"), Releasing(after(500), "fenced")])
def test_who_does_not_stand_only_takes_note(state: Init | Releasing) -> None:
    assert step(state, FORMER, RAISED, T0) == (state, ())
