"""The stall guard: a master that did not run for longer than Master_Down_Interval gives way."""

from dataclasses import replace

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import SECOND
from pyvrrp.virtual_router.actions import (
    Action,
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
    TimerFired,
)
from pyvrrp.virtual_router.states import Backup, Heard, Init, Master, State
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import DELAYED3, HIGH, LOW, OWNER3, T0, V3, after, heard, play

MASTER = Master(T0)
GIVES_WAY = (
    RemoveAddresses(),
    ReportTransition("MASTER", "BACKUP", "stalled for 3.61 s, longer than Master_Down_Interval"),
)
WAITS = Backup(after(7219.375), SECOND)  # 3.610 s late, then a full Master_Down_Interval


@pytest.mark.parametrize("version", list(Version))
def test_as_late_as_master_down_interval_is_late_but_still_master(version: Version) -> None:
    assert step(MASTER, TimerFired(), replace(V3, version=version), after(3609.375)) == (
        Master(after(4609.375)),
        (SendAdvertisement(100),),
    )


@pytest.mark.parametrize(
    ("event", "then", "actions"),
    [
        (TimerFired(), WAITS, ()),
        (Startup(), WAITS, ()),
        (AddressesGone(), WAITS, ()),
        (PriorityChanged(90), WAITS, ()),
        (heard(200), Backup(after(7219.375), SECOND, Heard(HIGH, 200)), ()),
        (heard(100, LOW), Backup(after(7219.375), SECOND, Heard(LOW, 100)), ()),
        (heard(50, LOW), replace(WAITS, lower=Heard(LOW, 50)), ()),
        (heard(0, LOW), Backup(after(4219.375), SECOND, Heard(LOW, 0)), ()),
        (
            Shutdown("fenced"),
            Init("fenced"),
            (ReportTransition("BACKUP", "INIT", "fenced"),),
        ),
    ],
)
def test_after_a_stall_addresses_go_first_and_then_the_event_is_handled_as_a_backup(
    event: Event, then: State, actions: tuple[Action, ...]
) -> None:
    assert step(MASTER, event, V3, after(3610)) == (then, GIVES_WAY + actions)


def test_after_a_stall_nothing_is_sent_until_nobody_was_heard_for_a_whole_interval() -> None:
    state, seen = play(MASTER, V3, (3610, TimerFired()), (7219.374, TimerFired()))
    assert not [action for _, action in seen if isinstance(action, SendAdvertisement)]
    state, seen = play(state, V3, (7219.375, TimerFired()))
    assert state == Master(after(8219.375))
    assert seen[0] == (7219.375, SendAdvertisement(100))


def test_the_successor_of_a_stalled_master_is_given_its_preempt_delay() -> None:
    state, _ = play(MASTER, DELAYED3, (3610, heard(50, LOW)))
    assert isinstance(state, Backup)
    assert state.preempt_at == after(33_610)


def test_a_stalled_owner_gives_way_too() -> None:
    state, (first, _) = step(MASTER, TimerFired(), OWNER3, after(3004))
    assert state == Backup(after(6007.90625), SECOND)
    assert first == RemoveAddresses()
