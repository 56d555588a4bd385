"""Leaving MASTER: addresses first, confirmed by the kernel, then priority 0, twice."""

import pytest

from pyvrrp.virtual_router.actions import (
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    Event,
    PriorityChanged,
    Shutdown,
    Startup,
    StepDown,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Init, Master, Releasing, name
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import HIGH, LOW, T0, V2, V3, after, heard, play

MASTER = Master(after(500))


@pytest.mark.rfc("9568:6.4.3:shutdown")
@pytest.mark.parametrize("parameters", [V3, V2], ids=["v3", "v2"])
def test_priority_zero_is_sent_twice_and_only_after_the_addresses_are_gone(
    parameters: Parameters,
) -> None:
    _, seen = play(
        MASTER,
        parameters,
        (0, Shutdown("fenced by web: HTTP 503")),
        (3, AddressesGone()),
        (1000, TimerFired()),
    )
    assert seen == [
        (0, RemoveAddresses()),
        (3, SendAdvertisement(0)),
        (3, SendAdvertisement(0)),
        (3, ReportTransition("MASTER", "INIT", "fenced by web: HTTP 503")),
    ]


def test_while_the_kernel_takes_its_time_it_goes_on_advertising() -> None:
    state, seen = play(
        MASTER,
        V3,
        (0, Shutdown("fenced")),
        (499, TimerFired()),
        (500, TimerFired()),
        (1500, TimerFired()),
        (5000, TimerFired()),
    )
    assert state == Releasing(after(6000), "fenced")
    assert [pair for pair in seen if isinstance(pair[1], SendAdvertisement)] == [
        (500, SendAdvertisement(100)),
        (1500, SendAdvertisement(100)),
        (5000, SendAdvertisement(100)),
    ]


def test_a_release_that_a_better_master_overtakes_ends_in_silence() -> None:
    _, seen = play(
        MASTER,
        V3,
        (0, Shutdown("fenced")),
        (100, heard(200, HIGH)),
        (500, TimerFired()),
        (1100, heard(200, HIGH)),
        (4000, TimerFired()),
        (4500, AddressesGone()),
    )
    assert seen == [
        (0, RemoveAddresses()),
        (4500, ReportTransition("MASTER", "INIT", "fenced")),
    ]


def test_a_release_speaks_again_when_the_one_that_overtook_it_falls_silent() -> None:
    _, seen = play(
        MASTER,
        V3,
        (0, Shutdown("fenced")),
        (100, heard(200, HIGH)),
        (3709, TimerFired()),
        (3710, TimerFired()),
        (4000, AddressesGone()),
    )
    assert [pair for pair in seen if isinstance(pair[1], SendAdvertisement)] == [
        (3710, SendAdvertisement(100)),
        (4000, SendAdvertisement(0)),
        (4000, SendAdvertisement(0)),
    ]


def test_nothing_but_the_confirmation_ends_a_release() -> None:
    state, _ = play(
        MASTER,
        V3,
        (0, Shutdown("fenced")),
        (1, Startup()),
        (2, heard(200, HIGH)),
        (3, heard(50, LOW)),
        (4, heard(0, HIGH)),
        (5, Shutdown("stopping")),
        (4000, TimerFired()),
    )
    assert state == Releasing(after(5000), "stopping")
    assert name(state) == "MASTER"
    assert step(state, AddressesGone(), V3, T0)[0] == Init("stopping")


@pytest.mark.parametrize(
    ("event", "reason"), [(TimerFired(), "fenced"), (Shutdown("stopping"), "stopping")]
)
def test_a_router_that_stalled_during_its_release_sends_nothing_any_more(
    event: TimerFired | Shutdown, reason: str
) -> None:
    # Due at 0.5 s, and others take over 3.609375 s later.
    state = Releasing(after(500), "fenced")
    assert step(state, event, V3, after(4110)) == (
        Init(reason),
        (ReportTransition("MASTER", "INIT", reason),),
    )


@pytest.mark.parametrize(
    "event", [PriorityChanged(200), StepDown("the group is not master"), SuccessorAnnounced()]
)
def test_while_the_addresses_go_nothing_else_counts(event: Event) -> None:
    releasing = Releasing(after(500), "fenced")
    assert play(releasing, V3, (10, event)) == (releasing, [])


OVERTAKEN = Releasing(after(3609.375), "fenced", overtaken=True)


def test_an_overtaken_router_advertises_again_when_the_better_one_is_silent_for_long_enough() -> (
    None
):
    state, actions = step(OVERTAKEN, TimerFired(), V3, after(3609.375 + 1000))

    assert state == Releasing(after(5609.375), "fenced")
    assert actions == (SendAdvertisement(100),)


def test_an_overtaken_router_that_is_later_than_one_interval_sends_nothing() -> None:
    # It was silent for Master_Down_Interval already, so a third router may have taken over.
    state, actions = step(OVERTAKEN, TimerFired(), V3, after(3609.375 + 1000.001))

    assert state == Init("fenced")
    assert actions == (ReportTransition("MASTER", "INIT", "fenced"),)
