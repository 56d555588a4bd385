"""VRRPv2 skews by a fraction of one second, whatever the interval (RFC 3768 section 6.1).

At an interval of one second the two versions agree, so it takes another one to tell them apart:
priority 100 at 2 s has a Skew_Time of 609.375 ms in v2 and of 1218.75 ms in v3.
"""

from dataclasses import replace

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    CountSuppressed,
    NewMasterReason,
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import Startup, TimerFired
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import DELAYED3, HIGH, LOW, T0, V2, V3, after, heard, play

TWO_SECONDS = Nanoseconds(2 * SECOND)
SLOW2 = replace(V2, advertisement_interval=TWO_SECONDS)


def test_a_backup_waits_three_intervals_and_a_fraction_of_one_second() -> None:
    state, _ = step(Init(""), Startup(), SLOW2, T0)
    assert state == Backup(after(6609.375), TWO_SECONDS)


def test_after_a_release_it_waits_a_fraction_of_one_second() -> None:
    state, _ = step(Backup(after(5000), TWO_SECONDS), heard(0), SLOW2, T0)
    assert state == Backup(after(609.375), TWO_SECONDS, Heard(HIGH, 0))


def test_the_silence_that_is_reported_is_the_one_that_was_waited_for() -> None:
    _, actions = step(Backup(T0, TWO_SECONDS), TimerFired(), SLOW2, T0)
    assert actions[-1] == ReportTransition(
        "BACKUP", "MASTER", "nobody was heard for 6.609 s", NewMasterReason.NO_RESPONSE
    )


def test_a_release_is_answered_again_after_a_fraction_of_one_second() -> None:
    _, seen = play(
        Master(after(2000)), SLOW2, (0, heard(0)), (609.374, heard(0)), (609.375, heard(0))
    )
    assert seen == [
        (0, SendAdvertisement(100)),
        (609.374, CountSuppressed()),
        (609.375, SendAdvertisement(100)),
    ]


def test_a_master_has_stalled_after_three_intervals_and_a_fraction_of_one_second() -> None:
    assert isinstance(step(Master(T0), TimerFired(), SLOW2, after(6609.375))[0], Master)
    state, actions = step(Master(T0), TimerFired(), SLOW2, after(6609.376))
    assert isinstance(state, Backup)
    assert actions[0] == RemoveAddresses()


def test_while_a_preemption_is_delayed_the_lower_master_is_the_master() -> None:
    waiting = Backup(after(3609.375), V3.advertisement_interval)
    state, _ = step(waiting, heard(50, LOW), DELAYED3, T0)
    assert isinstance(state, Backup)
    assert state.master == Heard(LOW, 50)


def test_every_instant_that_a_state_holds_is_a_whole_number() -> None:
    state, _ = step(Master(after(500)), heard(50, LOW), V3, T0)
    assert isinstance(state, Master)
    assert state.rival is not None
    assert type(state.rival.quiet_at) is int
