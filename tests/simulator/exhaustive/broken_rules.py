"""Rules with one mistake each, made around the real ones."""

from collections.abc import Sequence
from dataclasses import replace

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router import transitions
from pyvrrp.virtual_router.actions import RemoveAddresses, Step
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    Shutdown,
    StepDown,
    SuccessorAnnounced,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules import capacity, group, last_resort
from pyvrrp.virtual_router.rules.group import Member, Told
from pyvrrp.virtual_router.states import Backup, HandingOver, Master, Releasing, State

real_consequences = group.consequences
real_is_claim_due = group.is_claim_due
real_decide = last_resort.decide
real_may_claim_from = capacity.may_claim_from
real_step = transitions.step


def claims_when_one_is_due(members: Sequence[Member], now: Nanoseconds) -> bool:
    return any(real_is_claim_due([member], now) for member in members)


def never_claims(members: Sequence[Member], now: Nanoseconds) -> bool:  # noqa: ARG001
    return False


def leaves_one_behind(members: Sequence[Member], name: str = "") -> list[Told]:
    """When one member is not MASTER, the others go on."""
    told = real_consequences(members, name)
    return [(number, event) for number, event in told if not isinstance(event, StepDown)]


def fences_one_alone(members: Sequence[Member], name: str = "") -> list[Told]:
    """What keeps one member away keeps only that one away."""
    return [
        (number, event)
        for number, event in real_consequences(members, name)
        if not isinstance(event, Shutdown) or members[number].hindrance is not None
    ]


def says_goodbye_early(members: Sequence[Member], name: str = "") -> list[Told]:
    """One member's addresses are gone, and it says so while another still has some."""
    told = real_consequences(members, name)
    return told or [
        (number, AddressesGone())
        for number, member in enumerate(members)
        if isinstance(member.state, Releasing) and member.addresses_gone
    ]


def never_says_goodbye(members: Sequence[Member], name: str = "") -> list[Told]:
    told = real_consequences(members, name)
    return [(number, event) for number, event in told if not isinstance(event, AddressesGone)]


def stands_for_ever(facts: last_resort.LastResortFacts, now: Nanoseconds) -> last_resort.Decision:
    """A last resort goes on beside another one, and after its checks pass."""
    decision = real_decide(facts, now)
    return last_resort.Nothing() if isinstance(decision, last_resort.End) else decision


def never_stands(facts: last_resort.LastResortFacts, now: Nanoseconds) -> last_resort.Decision:
    decision = real_decide(facts, now)
    return last_resort.Nothing() if isinstance(decision, last_resort.Stand) else decision


def is_patient_with_a_last_resort(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """A healthy BACKUP believes a last resort like any other master."""
    if isinstance(event, AdvertisementReceived) and event.priority == 1:
        event = replace(event, priority=own.priority)
    return real_step(state, event, own, now)


def leaves_the_claim_for_ever(
    asked_at: Nanoseconds,  # noqa: ARG001
    heard_at: Nanoseconds | None,  # noqa: ARG001
    patience: Nanoseconds,  # noqa: ARG001
) -> Nanoseconds:
    return Nanoseconds(10**18)


def lets_go_before_the_successor_announces(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """The predecessor keeps its addresses for the linger, and no longer."""
    after, actions = real_step(state, event, own, now)
    if isinstance(after, Backup):
        after = replace(after, successor_until=None)
    return after, actions


def takes_an_announcement_for_the_end(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    """It lets go at the announcement, although the successor has not advertised."""
    if isinstance(state, HandingOver) and isinstance(event, SuccessorAnnounced):
        return real_step(Master(now), Shutdown("announced"), own, now)
    return real_step(state, event, own, now)


def waits_for_an_announcement_for_ever(
    state: State, event: Event, own: Parameters, now: Nanoseconds
) -> Step:
    after, actions = real_step(state, event, own, now)
    held = isinstance(state, Backup) and state.holds_until is not None
    if held and RemoveAddresses() in actions and isinstance(after, Backup):
        return state, ()
    if isinstance(after, Backup) and after.successor_until is not None:
        after = replace(after, successor_until=Nanoseconds(after.master_down_at), leaves=True)
    return after, actions
