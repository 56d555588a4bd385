"""The state diagram at the top of `transitions` says what the code does. So does its picture."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.events import (
    AddressesGone,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    Startup,
    StepDown,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
)
from pyvrrp.virtual_router.timers import master_down_interval
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import HIGH, LOW, T0, V3, heard
from tests.virtual_router.state_diagram import PICTURE, Arrow, after_a_stall, draw, in_time

LINGER = Nanoseconds(50 * MILLISECOND)
STEPS = 4  # from Init to the last state: Startup, TimerFired, HandOver or the like, one more
PARAMETERS = [
    replace(V3, version=version, priority=priority, preempt=preempt, linger=linger)
    for version, priority, preempt, linger in product(
        Version, (1, 100, 255), (True, False), (Nanoseconds(0), LINGER)
    )
    # The versions differ in the length of their times alone.
    if version is Version.V3 or (priority == V3.priority and preempt)
]
EVENTS: tuple[Event, ...] = (
    Startup(),
    Startup(defers=True),
    Shutdown("fenced"),
    HandOver("drained"),
    HandOver("resigned", returns=True),
    SuccessorAnnounced(),
    TimerFired(),
    AddressesGone(),
    PriorityChanged(50),
    StepDown("follows lan"),
    StepDown("follows lan", lingers=True),
    *(heard(priority, sender) for priority, sender in product((0, 1, 100, 255), (LOW, HIGH))),
)
Change = tuple[str, str, str]


@pytest.fixture(scope="module")
def explored() -> tuple[set[Change], set[Change]]:
    """Every change of state in time, and every one after a stall."""
    in_time: set[Change] = set()
    stalled: set[Change] = set()
    for parameters in PARAMETERS:
        for before, event, after, late in _steps(parameters):
            if _kind(before) != _kind(after):
                change = (_kind(before), type(event).__name__, _kind(after))
                (stalled if late else in_time).add(change)
    return in_time, stalled


@pytest.mark.slow
def test_the_diagram_lists_exactly_the_changes_of_state_in_time(
    explored: tuple[set[Change], set[Change]],
) -> None:
    assert {(one.before, one.event, one.after) for one in in_time()} == explored[0]


def test_the_diagram_lists_exactly_the_changes_of_state_after_a_stall(
    explored: tuple[set[Change], set[Change]],
) -> None:
    assert set(_expanded(after_a_stall())) == explored[1]


def test_the_committed_picture_is_drawn_from_the_diagram() -> None:
    again = "python -m tests.virtual_router.state_diagram"
    assert PICTURE.read_text() == draw(), f"the picture is old: run {again}"


def _steps(parameters: Parameters) -> Iterator[tuple[State, Event, State, bool]]:
    """Return every step from every state that is reached within a few steps from Init."""
    start: tuple[State, Nanoseconds] = (Init("starting"), T0)
    reached, newest = {start}, [start]
    for _ in range(STEPS):
        found: list[tuple[State, Nanoseconds]] = []
        for (state, at), event in product(newest, EVENTS):
            for now, late in _instants(state, at, parameters):
                after, _ = step(state, event, parameters, now)
                yield state, event, after, late
                # What follows a stall is reached without one too.
                if not late and (after, now) not in reached:
                    reached.add((after, now))
                    found.append((after, now))
        newest = found


def _instants(
    state: State, at: Nanoseconds, parameters: Parameters
) -> Iterator[tuple[Nanoseconds, bool]]:
    """Return when an event may meet *state*, and whether that is after a stall."""
    yield at, False
    due = deadline(state)
    if due is None:
        return
    yield max(at, due), False
    match state:
        case Master(adver_at=promised) | Releasing(adver_at=promised):
            pass
        case HandingOver(give_up_at=promised):
            pass
        case _:
            return  # a late Backup does what one in time does
    patience = master_down_interval(parameters.version, parameters.priority, SECOND)
    if isinstance(state, Releasing) and state.overtaken:
        patience = Nanoseconds(SECOND)  # it was silent for the rest already
    yield Nanoseconds(promised + patience), False
    yield Nanoseconds(promised + patience + 1), True


def _expanded(arrows: tuple[Arrow, ...]) -> Iterator[Change]:
    every = {type(event).__name__ for event in EVENTS}
    named: set[tuple[str, str]] = set()
    for one in arrows:
        match one.event:
            case "any event":
                events = every
            case "any other event":
                events = {event for event in every if (one.before, event) not in named}
            case event:
                events = {event}
                named.add((one.before, event))
        for event in events:
            yield one.before, event, one.after


def _kind(state: State) -> str:
    if isinstance(state, Backup) and state.holds_until is not None:
        return "BackupHolds"
    return type(state).__name__
