"""What a master does about another one: answers, reports, announcements, and their limits."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import TypeAlias

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AnnounceAddresses,
    CountSuppressed,
    ReportSplitBrain,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import Event, TimerFired
from pyvrrp.virtual_router.states import Backup, Heard, Master, deadline
from tests.virtual_router.examples import HIGH, LOW, OTHER, OWNER3, T0, V2, V3, after, heard, play

Script: TypeAlias = list[tuple[float, Event]]

MASTER = Master(after(500))
ADVERTISES = SendAdvertisement(100)
ANNOUNCES = AnnounceAddresses()


def reported(sender: IPv4Address, priority: int = 50) -> Action:
    return ReportSplitBrain(sender, priority)


def only(kind: type[Action], seen: list[tuple[float, Action]]) -> list[float]:
    return [when for when, action in seen if isinstance(action, kind)]


def with_timer(until: float, *script: tuple[float, Event]) -> Script:
    """Mix in the timer every 500 ms, as adver_at is then never missed."""
    ticks: Script = [(500.0 * n, TimerFired()) for n in range(int(until // 500))]
    return sorted([*ticks, *script], key=lambda pair: pair[0])


# --- re-assertion -------------------------------------------------------------------------------


@pytest.mark.rfc("9568:6.4.3:losing-advertisement")
def test_losing_advertisements_are_answered_once_per_skew_time() -> None:
    script = [(100.0 * n, heard(50, LOW)) for n in range(4)]
    script += [(609.374, heard(50, LOW)), (609.375, heard(50, LOW))]
    _, seen = play(replace(MASTER, adver_at=after(5000)), V3, *script)
    assert only(SendAdvertisement, seen) == [0, 609.375]
    assert only(CountSuppressed, seen) == [100, 200, 300, 609.374]


def test_answers_are_10_ms_apart_where_the_skew_is_shorter() -> None:
    script = [(float(n), heard(50, LOW)) for n in range(21)]
    _, seen = play(replace(MASTER, adver_at=after(5000)), OWNER3, *script)
    assert only(SendAdvertisement, seen) == [0, 10, 20]


def test_priority_zero_is_answered_under_the_same_limit() -> None:
    state, seen = play(
        MASTER, V3, (0, heard(0, LOW)), (1, heard(0, LOW)), (2, heard(50, LOW)), (3, heard(0, LOW))
    )
    assert only(SendAdvertisement, seen) == [0]
    assert only(CountSuppressed, seen) == [1, 2, 3]
    assert isinstance(state, Master)
    assert state.adver_at == after(1000)


@pytest.mark.rfc("3768:6.4.3:release")
def test_v2_answers_priority_zero_under_the_limit_and_nothing_else() -> None:
    _, seen = play(
        MASTER, V2, (0, heard(50, LOW)), (1, heard(0, LOW)), (2, heard(0, LOW)), (3, heard(60, LOW))
    )
    assert only(SendAdvertisement, seen) == [1]
    assert only(CountSuppressed, seen) == [2]


@pytest.mark.rfc("9568:6.4.3:own-interval")
def test_a_losing_advertisement_does_not_change_the_own_interval() -> None:
    _, seen = play(
        MASTER,
        V3,
        (100, heard(50, LOW, Nanoseconds(4 * SECOND))),
        *[(500 + 1000 * n, TimerFired()) for n in range(3)],
    )
    assert only(SendAdvertisement, seen) == [100, 500, 1500, 2500]


# --- split brain --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", list(Version))
def test_a_split_brain_is_reported_once_and_announced_at_once_then_once_per_interval(
    version: Version,
) -> None:
    script = with_timer(3000, *[(200.0 * n, heard(50, LOW)) for n in range(14)])
    _, seen = play(MASTER, replace(V3, version=version), *script)
    assert [pair for pair in seen if isinstance(pair[1], ReportSplitBrain)] == [(0, reported(LOW))]
    assert only(AnnounceAddresses, seen) == [0, 1000, 2000]


def test_a_rival_that_falls_silent_is_announced_over_once_more() -> None:
    state, seen = play(MASTER, V3, *with_timer(4000, (0, heard(50, LOW)), (1000, heard(50, LOW))))
    assert only(AnnounceAddresses, seen) == [0, 1000, 2500]
    assert isinstance(state, Master)
    assert state.rival is None


def test_the_silence_of_a_rival_is_a_deadline() -> None:
    state, _ = play(replace(MASTER, adver_at=after(9000)), V3, (0, heard(50, LOW)))
    assert deadline(state) == after(1500)
    state, seen = play(state, V3, (1499.999, TimerFired()), (1500, TimerFired()))
    assert seen == [(1500, ANNOUNCES)]
    assert deadline(state) == after(9000)


def test_the_silence_and_the_next_advertisement_may_be_due_at_once() -> None:
    state, _ = play(replace(MASTER, adver_at=after(1500)), V3, (0, heard(50, LOW)))
    _, seen = play(state, V3, (1500, TimerFired()))
    assert seen == [(1500, ADVERTISES), (1500, ANNOUNCES)]


def test_a_rival_of_a_longer_interval_is_not_silent_between_its_advertisements() -> None:
    slow = Nanoseconds(4 * SECOND)
    script = with_timer(
        16_000,
        (0, heard(50, LOW, slow)),
        (4000, heard(50, LOW, slow)),
        (8000, heard(50, LOW, slow)),
    )
    _, seen = play(MASTER, V3, *script)
    assert only(ReportSplitBrain, seen) == [0]
    assert only(AnnounceAddresses, seen) == [0, 4000, 8000, 14_000]


def test_a_forged_interval_delays_the_second_announcement_by_no_more_than_is_believed() -> None:
    state, _ = play(MASTER, V3, (0, heard(50, LOW, Nanoseconds(40_950_000_000))))
    assert isinstance(state, Master)
    assert state.rival is not None
    assert state.rival.quiet_at == after(15_000)


def test_a_second_rival_does_not_shorten_the_patience_with_the_first() -> None:
    slow = Nanoseconds(4 * SECOND)
    state, _ = play(MASTER, V3, (0, heard(50, LOW, slow)), (100, heard(60, OTHER)))
    assert isinstance(state, Master)
    assert state.rival is not None
    assert state.rival.quiet_at == after(6000)


def test_two_rivals_are_reported_once_each_and_announced_once_per_interval() -> None:
    script = [(500.0 * n, heard(50, (LOW, OTHER)[n % 2])) for n in range(8)]
    _, seen = play(MASTER, V3, *with_timer(4000, *script))
    assert [a for _, a in seen if isinstance(a, ReportSplitBrain)] == [
        reported(LOW),
        reported(OTHER),
    ]
    assert only(AnnounceAddresses, seen) == [0, 1000, 2000, 3000]


def test_a_flood_of_forged_senders_is_reported_eight_times_and_announced_once_per_interval() -> (
    None
):
    forged = [(1.0 * n, heard(50, IPv4Address(0x0A000000 + n))) for n in range(1900)]
    _, seen = play(MASTER, V3, *with_timer(2000, *forged))
    assert only(ReportSplitBrain, seen) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert only(AnnounceAddresses, seen) == [0, 1000]
    # The regular ones at 500 and 1500; answers a Skew_Time of 609.375 ms apart.
    assert only(SendAdvertisement, seen) == [0, 500, 610, 1220, 1500, 1830]


def test_a_rival_that_comes_back_after_a_silence_is_reported_again() -> None:
    _, seen = play(MASTER, V3, *with_timer(6000, (0, heard(50, LOW)), (4000, heard(50, LOW))))
    assert only(ReportSplitBrain, seen) == [0, 4000]
    assert only(AnnounceAddresses, seen) == [0, 1500, 4000, 5500]


# --- the last advertisement of a predecessor -----------------------------------------------------

PREEMPTING = Backup(T0, SECOND, None, Heard(LOW, 50))


def test_the_release_of_a_preempted_master_is_answered_and_announced_but_not_reported() -> None:
    _, seen = play(PREEMPTING, V3, (0, TimerFired()), (1, heard(50, LOW)))
    assert seen[3:] == [(1, ADVERTISES), (1, ANNOUNCES)]


def test_its_last_regular_advertisement_may_cross_ours_before_the_last_one() -> None:
    _, seen = play(PREEMPTING, V3, (0, TimerFired()), (1, heard(50, LOW)), (2, heard(50, LOW)))
    assert only(ReportSplitBrain, seen) == []
    assert only(AnnounceAddresses, seen) == [1]


def test_a_preempted_master_that_goes_on_after_an_interval_is_a_split_brain() -> None:
    script: Script = [
        (0, TimerFired()),
        (1, heard(50, LOW)),
        (1000, TimerFired()),
        (1001, heard(50, LOW)),
        (2000, TimerFired()),
        (2001, heard(50, LOW)),
    ]
    _, seen = play(PREEMPTING, V3, *script)
    assert only(ReportSplitBrain, seen) == [1001]
    assert only(AnnounceAddresses, seen) == [1, 1001, 2001]


def test_releases_of_others_do_not_hide_a_predecessor_that_goes_on() -> None:
    script: Script = [(0, TimerFired()), (10, heard(0, OTHER)), (700, heard(50, LOW))]
    _, seen = play(PREEMPTING, V3, *script)
    assert only(ReportSplitBrain, seen) == [700]


def test_another_router_is_reported_while_the_last_advertisement_is_still_expected() -> None:
    script: Script = [(0, TimerFired()), (1, heard(60, OTHER)), (2, heard(50, LOW))]
    _, seen = play(PREEMPTING, V3, *script)
    assert [a for _, a in seen if isinstance(a, ReportSplitBrain)] == [reported(OTHER, 60)]


def test_a_master_that_was_replaced_because_it_was_silent_is_reported_when_it_speaks() -> None:
    silent = Backup(T0, SECOND, Heard(LOW, 50), Heard(LOW, 50), after(30_000))
    _, seen = play(silent, V3, (0, TimerFired()), (1, heard(50, LOW)))
    assert only(ReportSplitBrain, seen) == [1]


# --- yielding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", list(Version))
def test_a_master_that_yields_sends_its_own_losing_advertisement_once_and_no_priority_zero(
    version: Version,
) -> None:
    parameters = replace(V3, version=version)
    _, seen = play(MASTER, parameters, (0, heard(200, HIGH)), (1, heard(200, HIGH)))
    assert [(when, a) for when, a in seen if isinstance(a, SendAdvertisement)] == [(0, ADVERTISES)]


def test_at_short_intervals_the_second_announcement_waits_until_the_rival_answers_no_more() -> None:
    quick = replace(V3, advertisement_interval=Nanoseconds(SECOND // 100))
    quick = replace(quick, linger=Nanoseconds(SECOND // 20))
    state, _ = play(Master(after(10)), quick, (0, heard(50, LOW, quick.advertisement_interval)))
    assert isinstance(state, Master)
    assert state.rival is not None
    assert state.rival.quiet_at == after(150)
