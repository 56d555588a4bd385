"""preempt_delay: d means d, counted from the first lower advertisement."""

from dataclasses import replace

import pytest

from pyvrrp.virtual_router.actions import (
    AddAddresses,
    NewMasterReason,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import Shutdown, TimerFired
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master, deadline
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import DELAYED3, HIGH, LOW, OTHER, V3, after, heard, play

WAITING = Backup(after(3609.375), V3.advertisement_interval)
PREEMPTS = ReportTransition(
    "BACKUP", "MASTER", "preempts 192.0.2.5 of priority 50", NewMasterReason.PREEMPTED
)
EVERY_SECOND = [(1000.0 * n, heard(50, LOW)) for n in range(1, 31)]


@pytest.mark.rfc("9568:6.4.2:preempt-not-at-once")
def test_without_a_delay_preemption_waits_for_the_running_master_down_timer() -> None:
    script = EVERY_SECOND[:3]
    state, actions = play(WAITING, V3, *script, (3609.374, TimerFired()))
    assert state == replace(WAITING, lower=Heard(LOW, 50))
    assert actions == []
    assert step(state, TimerFired(), V3, after(3609.375)) == (
        Master(after(4609.375), predecessor=LOW),
        (SendAdvertisement(100), AddAddresses(), PREEMPTS),
    )


def test_a_delay_of_30_s_ends_30_s_after_the_first_lower_advertisement() -> None:
    state, actions = play(WAITING, DELAYED3, *EVERY_SECOND)
    assert actions == []
    assert deadline(state) == after(31_000)
    assert step(state, TimerFired(), DELAYED3, after(30_999)) == (state, ())
    assert step(state, TimerFired(), DELAYED3, after(31_000)) == (
        Master(after(32_000), predecessor=LOW),
        (SendAdvertisement(100), AddAddresses(), PREEMPTS),
    )


def test_a_delay_shorter_than_master_down_interval_preempts_earlier() -> None:
    impatient = replace(DELAYED3, preempt_delay=V3.advertisement_interval)
    state, _ = play(WAITING, impatient, (1000, heard(50, LOW)))
    assert deadline(state) == after(2000)
    state, actions = play(state, impatient, (2000, TimerFired()))
    assert actions[-1] == (2000, PREEMPTS)


def test_a_lower_master_that_dies_during_the_delay_is_replaced_in_its_master_down_interval() -> (
    None
):
    state, _ = play(WAITING, DELAYED3, *EVERY_SECOND[:5])
    assert deadline(state) == after(8609.375)
    assert step(state, TimerFired(), DELAYED3, after(8609.375)) == (
        Master(after(9609.375)),
        (
            SendAdvertisement(100),
            AddAddresses(),
            ReportTransition(
                "BACKUP",
                "MASTER",
                "192.0.2.5 was silent for 3.609 s",
                NewMasterReason.NO_RESPONSE,
            ),
        ),
    )


def test_a_lower_master_that_releases_during_the_delay_is_replaced_after_the_skew() -> None:
    state, actions = play(
        WAITING, DELAYED3, *EVERY_SECOND[:5], (5100, heard(0, LOW)), (5709.375, TimerFired())
    )
    assert isinstance(state, Master)
    assert state.predecessor is None
    assert actions[-1] == (
        5709.375,
        ReportTransition(
            "BACKUP", "MASTER", "192.0.2.5 released the addresses", NewMasterReason.PRIORITY
        ),
    )


@pytest.mark.parametrize("priority", [100, 101, 255])
def test_an_advertisement_that_does_not_lose_cancels_the_delay(priority: int) -> None:
    state, actions = play(WAITING, DELAYED3, *EVERY_SECOND[:5], (5500, heard(priority)))
    assert actions == []
    assert state == Backup(after(9109.375), V3.advertisement_interval, Heard(HIGH, priority))


def test_a_cancelled_delay_starts_anew_with_the_next_lower_advertisement() -> None:
    state, _ = play(
        WAITING, DELAYED3, *EVERY_SECOND[:5], (5500, heard(200)), (6000, heard(50, LOW))
    )
    assert isinstance(state, Backup)
    assert state.preempt_at == after(36_000)


def test_another_lower_master_does_not_start_the_delay_anew() -> None:
    state, _ = play(WAITING, DELAYED3, (1000, heard(50, LOW)), (9000, heard(60, OTHER)))
    assert isinstance(state, Backup)
    assert state.preempt_at == after(31_000)
    assert state.lower == Heard(OTHER, 60)


def test_a_release_of_somebody_else_leaves_the_delay_running() -> None:
    state, _ = play(WAITING, DELAYED3, (1000, heard(50, LOW)), (1500, heard(0, OTHER)))
    assert state == Backup(
        after(2109.375),
        V3.advertisement_interval,
        Heard(OTHER, 0),
        Heard(LOW, 50),
        after(31_000),
    )


def test_a_shutdown_ends_the_delay() -> None:
    state, _ = play(WAITING, DELAYED3, (1000, heard(50, LOW)), (1500, Shutdown("fenced")))
    assert state == Init("fenced")


def test_a_lower_master_that_releases_before_it_was_preempted_has_released() -> None:
    state, actions = play(
        WAITING, V3, (1000, heard(50, LOW)), (1100, heard(0, LOW)), (1709.375, TimerFired())
    )
    assert state == Master(after(2709.375))
    assert actions[-1] == (
        1709.375,
        ReportTransition(
            "BACKUP", "MASTER", "192.0.2.5 released the addresses", NewMasterReason.PRIORITY
        ),
    )
