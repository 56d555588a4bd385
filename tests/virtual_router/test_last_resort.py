"""A master of priority 1 serves although fenced: everybody else takes over from it."""

from dataclasses import replace

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import NewMasterReason, ReportTransition
from pyvrrp.virtual_router.events import TimerFired
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Backup, Heard, deadline
from pyvrrp.virtual_router.transitions import step, takeover_cause
from tests.virtual_router.examples import (
    DELAYED3,
    HIGH,
    LOW,
    PATIENT2,
    PATIENT3,
    T0,
    V3,
    after,
    heard,
)

FROM_LOW = heard(1, LOW)


def hear(state: Backup, parameters: Parameters = V3, at: float = 0) -> Backup:
    then, actions = step(state, FROM_LOW, parameters, after(at))
    assert actions == ()
    assert isinstance(then, Backup)
    return then


@pytest.mark.parametrize("parameters", [V3, PATIENT3, DELAYED3, PATIENT2])
def test_a_backup_that_heard_no_better_master_lately_takes_over_after_its_skew_with_any_preempt(
    parameters: Parameters,
) -> None:
    state = Backup(after(2000), SECOND, Heard(HIGH, 200))
    then = hear(state, parameters)
    assert then == replace(state, lower=Heard(LOW, 1), preempt_at=after(609.375))
    assert takeover_cause(then, parameters, after(609.375)) is NewMasterReason.PREEMPTED
    _, actions = step(then, TimerFired(), parameters, after(609.375))
    assert actions[-1] == ReportTransition(
        "BACKUP", "MASTER", "preempts 192.0.2.5 of priority 1", NewMasterReason.PREEMPTED
    )


def test_who_resigned_takes_over_from_it_too() -> None:
    state = Backup(after(2000), SECOND, Heard(HIGH, 200), defers=True)
    assert hear(state).preempt_at == after(609.375)


def test_a_better_master_that_may_be_alive_has_to_miss_an_advertisement_first() -> None:
    # Heard 100 ms ago, so its next one is due in 900 ms, and it may be late by the skew.
    state = Backup(after(3509.375), SECOND, Heard(HIGH, 200))
    assert hear(state).preempt_at == after(1509.375)
    better = step(hear(state), heard(200), V3, after(900))[0]
    assert better == Backup(after(900 + 3609.375), SECOND, Heard(HIGH, 200))


def test_who_has_just_begun_to_listen_does_so_for_an_interval() -> None:
    assert hear(Backup(after(3609.375), SECOND)).preempt_at == after(1609.375)


def test_its_next_advertisement_puts_nothing_off() -> None:
    first = hear(Backup(after(2000), SECOND, Heard(HIGH, 200)))
    assert hear(first, at=500) == first


def test_a_takeover_that_was_due_sooner_stays_so() -> None:
    then = hear(Backup(after(200), SECOND, Heard(HIGH, 200)))
    assert deadline(then) == after(200)


def test_a_router_of_priority_1_obeys_it_like_any_equal_master() -> None:
    equal = replace(V3, priority=1)
    assert hear(Backup(after(2000), SECOND, Heard(HIGH, 200)), equal) == Backup(
        after(3996.09375), SECOND, Heard(LOW, 1)
    )


def test_its_interval_does_not_matter() -> None:
    slow = heard(1, LOW, Nanoseconds(40 * SECOND))
    state = Backup(after(2000), SECOND, Heard(HIGH, 200))
    then, _ = step(state, slow, V3, T0)
    assert deadline(then) == after(609.375)
