"""State machines with one mistake each, built around the real one."""

from dataclasses import replace

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import RemoveAddresses, ReportTransition, SendAdvertisement, Step
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    HandOver,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from pyvrrp.virtual_router.transitions import step


def skips_the_skew(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    after, actions = step(state, event, own, now)
    whole = Nanoseconds(now + 3 * own.advertisement_interval)
    if isinstance(after, Backup) and after.master_down_at > whole:
        after = replace(after, master_down_at=whole)
    return after, actions


def ignores_the_tie_break(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(event, AdvertisementReceived) and isinstance(state, Master):
        tied = event.priority == own.priority
        event = replace(event, priority=event.priority - 1) if tied else event
    return step(state, event, own, now)


def never_yields(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(event, AdvertisementReceived) and isinstance(state, Master):
        return state, ()
    return step(state, event, own, now)


def releases_before_the_kernel_has_removed(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    if isinstance(state, Master) and isinstance(event, Shutdown):
        report = ReportTransition("MASTER", "INIT", event.reason)
        return Init(event.reason), (RemoveAddresses(), SendAdvertisement(0), report)
    return step(state, event, own, now)


def uses_the_learned_interval_as_master(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Backup) and isinstance(after, Master):
        after = replace(after, adver_at=Nanoseconds(now + state.master_adver_interval))
    return after, actions


def yields_with_priority_zero(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Master) and isinstance(after, Backup):
        actions = (SendAdvertisement(0), *actions[1:])
    return after, actions


def answers_as_a_backup(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Backup) and isinstance(event, AdvertisementReceived):
        actions = (SendAdvertisement(own.priority), *actions)
    return after, actions


def keeps_the_addresses_when_it_yields(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Master) and isinstance(after, Backup):
        actions = tuple(action for action in actions if action != RemoveAddresses())
    return after, actions


def has_no_stall_guard(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(state, Master):
        state = replace(state, adver_at=Nanoseconds(max(state.adver_at, now - SECOND)))
    return step(state, event, own, now)


def is_deaf_to_releases(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(event, AdvertisementReceived) and event.priority == 0:
        return state, ()
    return step(state, event, own, now)


def lets_any_advertisement_restart_its_timer(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    if isinstance(state, Backup) and isinstance(event, AdvertisementReceived) and event.priority:
        event = replace(event, priority=255)
    return step(state, event, own, now)


def ignores_its_fence_as_a_backup(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    if isinstance(state, Backup) and isinstance(event, Shutdown):
        return state, ()
    return step(state, event, own, now)


def serves_its_timer_without_a_new_deadline(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Master) and isinstance(event, TimerFired):
        after = state
    return after, actions


def claims_at_start(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(state, Init) and isinstance(event, Startup):
        return Master(Nanoseconds(now + own.advertisement_interval)), (
            SendAdvertisement(own.priority),
        )
    return step(state, event, own, now)


def sends_the_priority_it_heard(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(event, AdvertisementReceived) and isinstance(after, Master):
        actions = tuple(
            SendAdvertisement(event.priority) if isinstance(one, SendAdvertisement) else one
            for one in actions
        )
    return after, actions


def stops_advertising_after_the_first(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Master) and isinstance(event, TimerFired):
        actions = ()
    return after, actions


def never_takes_over(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    after, actions = step(state, event, own, now)
    if isinstance(state, Backup) and isinstance(after, Master):
        return replace(state, master_down_at=Nanoseconds(now + SECOND)), ()
    return after, actions


def forgets_its_release(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(state, Releasing) and isinstance(event, AddressesGone):
        return state, ()
    return step(state, event, own, now)


def releases_when_the_kernel_takes_long(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """It counts its addresses as gone when its next advertisement is due."""
    if isinstance(state, Releasing) and isinstance(event, TimerFired):
        return step(state, AddressesGone(), own, now)
    return step(state, event, own, now)


def raises_at_a_rival(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    if isinstance(state, Master) and isinstance(event, AdvertisementReceived):
        raise KeyError(event.sender)
    return step(state, event, own, now)


def lets_go_when_it_is_asked_to(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """An operator's order is carried out like a failure."""
    if isinstance(event, HandOver):
        event = Shutdown(event.reason)
    return step(state, event, own, now)


def keeps_what_it_held_for_its_successor(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """The addresses are kept when the linger is over."""
    after, actions = step(state, event, own, now)
    if isinstance(state, Backup) and state.holds_until is not None:
        actions = tuple(act for act in actions if not isinstance(act, RemoveAddresses))
    return after, actions


def is_too_patient(state: State, event: Event, own: Parameters, now: Nanoseconds) -> Step:
    """A handover lasts twice as long as it may."""
    after, actions = step(state, event, own, now)
    if isinstance(after, HandingOver) and isinstance(state, Master):
        later = Nanoseconds(2 * after.give_up_at - now)
        after = replace(after, give_up_at=later)
    return after, actions
