"""Planned moves: priority 0 first, the addresses when the successor has spoken."""

from dataclasses import replace

import pytest

from pyvrrp.units import MILLISECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    AddAddresses,
    AnnounceAddresses,
    CeaseAnnouncing,
    NewMasterReason,
    RemoveAddresses,
    ReportHandover,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    HandOver,
    Shutdown,
    Startup,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Heard,
    Init,
    Master,
    Releasing,
    deadline,
    name,
)
from pyvrrp.virtual_router.timers import handover_patience
from pyvrrp.virtual_router.transitions import takeover_is_due
from tests.virtual_router.examples import HIGH, LOW, OTHER, T0, V2, V3, after, heard, play

MASTER = Master(after(500))
LINGERING = replace(V3, linger=Nanoseconds(50 * MILLISECOND))
LEAVING = HandingOver(after(1996.09375), "drained")


def test_priority_zero_leaves_twice_and_the_addresses_stay() -> None:
    state, seen = play(MASTER, LINGERING, (0, HandOver("drained")))
    assert state == LEAVING
    assert name(state) == "MASTER"
    assert deadline(state) == after(1996.09375)  # 255/256 s of Skew_Time and one interval
    assert seen == [
        (0, ReportHandover("hands over: drained")),
        (0, SendAdvertisement(0)),
        (0, SendAdvertisement(0)),
    ]


def test_the_successor_ends_it_and_the_addresses_go_fifty_milliseconds_later() -> None:
    state, seen = play(
        LEAVING, LINGERING, (610, heard(90, LOW)), (611, SuccessorAnnounced()), (659, TimerFired())
    )
    assert state == Backup(
        after(610 + 3609.375),
        V3.advertisement_interval,
        Heard(LOW, 90),
        holds_until=after(660),
        successor_until=after(631),
        leaves=True,
    )
    assert deadline(state) == after(660)
    assert seen == [
        (610, CeaseAnnouncing()),
        (
            610,
            ReportTransition(
                "MASTER", "BACKUP", "drained: handed over to 192.0.2.5 of priority 90"
            ),
        ),
    ]
    state, seen = play(state, LINGERING, (660, TimerFired()), (700, Shutdown("drained")))
    assert seen == [(660, RemoveAddresses()), (700, ReportTransition("BACKUP", "INIT", "drained"))]
    assert state == Init("drained")


@pytest.mark.parametrize("parameters", [LINGERING, replace(V2, linger=LINGERING.linger)])
def test_without_a_successor_it_leaves_when_the_slowest_backup_had_its_chance(
    parameters: Parameters,
) -> None:
    state, seen = play(LEAVING, parameters, (1996, TimerFired()), (1996.09375, TimerFired()))
    assert state == Init("drained")
    assert seen == [
        (1996.09375, RemoveAddresses()),
        (
            1996.09375,
            ReportHandover("drained: nobody took over within 1.996 s", failed=True),
        ),
        (1996.09375, ReportTransition("MASTER", "INIT", "drained")),
    ]


def test_who_resigned_for_nobody_is_master_again_at_once() -> None:
    resigning = replace(LEAVING, reason="resigned", returns=True)
    state, seen = play(resigning, LINGERING, (1997, TimerFired()))
    assert state == Master(after(2997))
    assert seen == [
        (1997, SendAdvertisement(100)),
        (1997, AnnounceAddresses()),
        (
            1997,
            ReportHandover(
                "resigned: nobody took over within 1.996 s, so it stays master", failed=True
            ),
        ),
    ]


def test_who_resigned_leaves_the_addresses_with_a_lower_successor() -> None:
    resigning = replace(LEAVING, reason="resigned", returns=True)
    state, seen = play(
        resigning,
        LINGERING,
        (610, heard(90, LOW)),
        (611, SuccessorAnnounced()),
        (660, TimerFired()),
        (1610, heard(90, LOW)),
        (2610, heard(90, LOW)),
    )
    assert state == Backup(
        after(2610 + 3609.375), V3.advertisement_interval, Heard(LOW, 90), defers=True
    )
    assert [pair for pair in seen if isinstance(pair[1], RemoveAddresses)] == [
        (660, RemoveAddresses())
    ]


def test_who_resigned_takes_over_when_the_successor_falls_silent() -> None:
    resigned = Backup(after(0), V3.advertisement_interval, Heard(LOW, 90), defers=True)
    state, _ = play(resigned, LINGERING, (0, TimerFired()))
    assert state == Master(after(1000))


def test_an_owner_that_resigned_begins_as_a_backup() -> None:
    owner = replace(V3, priority=255)
    state, _ = play(Init("link down"), owner, (0, Startup(defers=True)))
    assert isinstance(state, Backup)
    assert state.defers


def test_a_backup_that_is_told_to_defer_forgets_whom_it_would_preempt() -> None:
    waiting = Backup(
        after(3000), V3.advertisement_interval, lower=Heard(LOW, 90), preempt_at=after(1)
    )
    state, seen = play(waiting, V3, (0, Startup(defers=True)))
    assert state == Backup(after(3000), V3.advertisement_interval, defers=True)
    assert seen == []


def test_a_backup_that_defers_no_longer_preempts_whom_it_hears_next() -> None:
    waiting = Backup(after(3000), V3.advertisement_interval, Heard(LOW, 90), defers=True)
    state, _ = play(waiting, V3, (0, Startup()), (500, heard(90, LOW)))
    assert isinstance(state, Backup)
    assert state.lower == Heard(LOW, 90)
    assert state.master_down_at == after(3000)


def test_a_start_after_a_resignation_preempts_nobody() -> None:
    state, seen = play(Init("resigned"), V3, (0, Startup(defers=True)), (500, heard(90, LOW)))
    assert state == Backup(
        after(500 + 3609.375), V3.advertisement_interval, Heard(LOW, 90), defers=True
    )
    assert seen == [(0, ReportTransition("INIT", "BACKUP", "ready, listening for a master"))]


def test_a_service_that_dies_meanwhile_is_not_served_any_longer() -> None:
    state, seen = play(LEAVING, LINGERING, (100, Shutdown("fenced by web: HTTP 503")))
    assert state == Init("fenced by web: HTTP 503")
    assert seen == [
        (100, RemoveAddresses()),
        (100, ReportTransition("MASTER", "INIT", "fenced by web: HTTP 503")),
    ]


def test_a_successor_that_releases_the_addresses_too_is_a_successor() -> None:
    # Its advertisements were lost. If both waited, both would have the addresses for two seconds.
    state, seen = play(LEAVING, LINGERING, (1, heard(0, HIGH)))
    assert isinstance(state, Backup)
    # Skew_Time of priority 100: 156/256 of a second (RFC 9568 section 6.1).
    assert state.master_down_at == after(1 + 609.375)
    assert (state.holds_until, state.leaves) == (after(51), True)
    assert seen == [
        (1, CeaseAnnouncing()),
        (
            1,
            ReportTransition(
                "MASTER",
                "BACKUP",
                "drained: handed over to 192.0.2.20, which releases the addresses too",
            ),
        ),
    ]


def test_other_events_change_nothing() -> None:
    assert play(LEAVING, LINGERING, (2, Startup()), (3, AddressesGone())) == (LEAVING, [])


def test_a_stop_during_a_resignation_is_not_taken_back() -> None:
    resigning = replace(LEAVING, reason="resigned", returns=True)
    state, seen = play(resigning, LINGERING, (1, HandOver("stopping")))
    assert state == HandingOver(after(1996.09375), "stopping")
    assert seen == []


def test_only_a_master_can_hand_over() -> None:
    waiting = Backup(after(3609), V3.advertisement_interval)
    assert play(Init("link down"), V3, (0, HandOver("drained"))) == (Init("link down"), [])
    assert play(waiting, V3, (0, HandOver("drained"))) == (waiting, [])
    releasing = Releasing(after(500), "fenced")
    assert play(releasing, V3, (0, HandOver("drained"))) == (releasing, [])


def test_a_process_that_was_stopped_meanwhile_gives_way_and_does_not_return() -> None:
    resigning = replace(LEAVING, reason="resigned", returns=True)
    state, seen = play(resigning, LINGERING, (9000, TimerFired()))
    assert isinstance(state, Backup)
    assert state.holds_until is None
    assert seen[0] == (9000, RemoveAddresses())


def test_a_master_that_is_preempted_answers_until_the_winner_has_announced() -> None:
    state, seen = play(MASTER, LINGERING, (0, heard(200, HIGH)), (50, TimerFired()))
    assert seen == [
        (0, SendAdvertisement(100)),
        (0, CeaseAnnouncing()),
        (0, ReportTransition("MASTER", "BACKUP", "192.0.2.20 has priority 200")),
        (50, RemoveAddresses()),
    ]
    assert state == Backup(after(3609.375), V3.advertisement_interval, Heard(HIGH, 200))


def test_where_two_may_never_hold_the_addresses_they_go_first() -> None:
    _, seen = play(MASTER, V3, (0, heard(200, HIGH)))
    assert seen[:2] == [(0, SendAdvertisement(100)), (0, RemoveAddresses())]


def test_what_is_heard_meanwhile_does_not_prolong_it() -> None:
    state, seen = play(
        MASTER,
        LINGERING,
        (0, heard(200, HIGH)),
        (20, heard(220, OTHER)),
        (30, heard(0, OTHER)),
        (50, TimerFired()),
    )
    assert seen[-1:] == [(50, RemoveAddresses())]
    assert isinstance(state, Backup)
    assert state.master == Heard(OTHER, 0)


def test_a_fence_that_closes_meanwhile_ends_it_at_once() -> None:
    state, seen = play(MASTER, LINGERING, (0, heard(200, HIGH)), (10, Shutdown("link down")))
    assert state == Init("link down")
    assert seen[-2:] == [
        (10, RemoveAddresses()),
        (10, ReportTransition("BACKUP", "INIT", "link down")),
    ]


def test_while_it_still_answers_it_claims_nothing_however_short_the_interval() -> None:
    fast = replace(LINGERING, advertisement_interval=Nanoseconds(10 * MILLISECOND))
    winner = Heard(HIGH, 200)
    waiting = Backup(after(36), fast.advertisement_interval, winner, holds_until=after(50))
    assert deadline(waiting) == after(50)
    state, seen = play(waiting, fast, (36, TimerFired()), (50, TimerFired()), (50, TimerFired()))
    assert state == Master(after(60))
    assert seen == [
        (50, RemoveAddresses()),
        (50, SendAdvertisement(100)),
        (50, AddAddresses()),
        (
            50,
            ReportTransition(
                "BACKUP",
                "MASTER",
                "192.0.2.20 was silent for 36.094 ms",
                NewMasterReason.NO_RESPONSE,
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("parameters", "milliseconds"), [(V3, 1996.09375), (V2, 1996.09375), (LINGERING, 1996.09375)]
)
def test_the_patience_is_the_skew_of_priority_one_and_one_interval(
    parameters: Parameters, milliseconds: float
) -> None:
    patience = handover_patience(parameters.version, parameters.advertisement_interval)
    assert T0 + patience == after(milliseconds)


def test_an_interval_of_ten_milliseconds_asks_for_twenty() -> None:
    patience = handover_patience(V3.version, Nanoseconds(10 * MILLISECOND))
    assert patience == 19_960_937


def test_a_backup_that_still_holds_the_addresses_takes_nothing_over() -> None:
    silent = Backup(after(100), V3.advertisement_interval)
    assert takeover_is_due(silent, after(100))
    assert not takeover_is_due(replace(silent, holds_until=after(150)), after(100))
