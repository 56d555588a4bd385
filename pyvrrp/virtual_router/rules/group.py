"""The rules of a group: its virtual routers are MASTER together or not at all.

Each member listens on its own interface, so one advertisement that is still heard keeps all of them
BACKUP. No member claims alone. An obstacle of one member is an obstacle of all, and the reason
names that member. When one member leaves MASTER, all do. A virtual router without a group is a
group of one.

All rules are functions of the facts of the members. They return events for the
elections. The caller delivers these and asks again, until no event is left.
``docs/decisions/0008-groups.md`` says why the first member alone does not elect for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    StepDown,
)
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.rules.participation import due_event
from pyvrrp.virtual_router.states import Backup, Init, Master, Releasing, State
from pyvrrp.virtual_router.transitions import takeover_is_due


@dataclass(frozen=True, slots=True)
class Member:
    """The facts of one virtual router of a group.

    *hindrance* and *order* are those of this member alone (`admission`). *reason* is why it is in
    its state. *addresses_gone*: the kernel has none of its addresses, and no request to add them is
    under way. *has_let_go*: all its concerns have released what they held, such as a key in etcd.
    *defers*: it resigned and has not been MASTER since. *is_exclusive*: no two nodes may ever have
    its addresses at once.
    """

    name: str
    state: State
    hindrance: str | None = None
    order: str | None = None
    reason: str = ""
    addresses_gone: bool = False
    has_let_go: bool = True
    defers: bool = False
    is_exclusive: bool = False


Told: TypeAlias = tuple[int, Event]  # the number of a member, and an event for its election


def lingers(members: Sequence[Member]) -> bool:
    """Return whether this node and its successor may both have the addresses for a moment."""
    return not any(member.is_exclusive for member in members)


def consequences(members: Sequence[Member], group: str = "") -> list[Told]:
    """Return the events that follow from the facts of the *members* of *group*, if any."""
    return _participation(members, group) or _left_behind(members) or _all_addresses_gone(members)


def is_claim_due(members: Sequence[Member], now: Nanoseconds) -> bool:
    """Return whether the wait of all members has ended at *now*, so that they may claim."""
    return all(
        isinstance(member.state, Backup) and takeover_is_due(member.state, now)
        for member in members
    )


def release_heard(
    members: Sequence[Member], hearer: int, heard: AdvertisementReceived, before: State
) -> list[Told]:
    """Return the event for the other members too: a master leaves together with its group.

    *hearer* is the member that received it, *before* the state that it was in then.
    """
    if heard.priority != RELEASE or not isinstance(before, Backup):
        return []
    known = {one.sender for one in (before.master, before.lower) if one is not None}
    if heard.sender not in known:
        return []
    return [
        (number, heard)
        for number, member in enumerate(members)
        if number != hearer and _waits_for_more_than_skew(member.state)
    ]


def hindrance_of(members: Sequence[Member], number: int, group: str) -> str | None:
    """Return why a member cannot serve: its own reason, or the reason of another member."""
    own = members[number].hindrance
    return own or _named(_last(members, [member.hindrance for member in members]), group)


def order_of(members: Sequence[Member], number: int, group: str) -> str | None:
    """Return the order that keeps a member out: its own, or that of another member."""
    own = members[number].order
    return own or _named(_last(members, [member.order for member in members]), group)


def _participation(members: Sequence[Member], group: str) -> list[Told]:
    may_linger = lingers(members)
    told: list[Told] = []
    for number, member in enumerate(members):
        event = due_event(
            member.state,
            hindrance_of(members, number, group),
            order_of(members, number, group),
            lingers=may_linger,
            defers=member.defers,
        )
        if event is not None:
            told.append((number, event))
    return told


def _left_behind(members: Sequence[Member]) -> list[Told]:
    """If one member is INIT or BACKUP, every member that is MASTER must step down."""
    left = next((one for one in members if isinstance(one.state, Backup | Init)), None)
    if left is None:
        return []
    holds = isinstance(left.state, Backup) and left.state.holds_until is not None
    event = StepDown(f"follows {left.name}: {left.reason}", holds)
    return [
        (number, event) for number, member in enumerate(members) if isinstance(member.state, Master)
    ]


def _all_addresses_gone(members: Sequence[Member]) -> list[Told]:
    """Return AddressesGone when the addresses of all members are gone and all have let go."""
    if not all(_is_gone(one) and one.has_let_go for one in members):
        return []
    return [
        (number, AddressesGone())
        for number, member in enumerate(members)
        if isinstance(member.state, Releasing)
    ]


def _is_gone(member: Member) -> bool:
    if isinstance(member.state, Backup) and member.state.holds_until is not None:
        return True  # its successor serves already
    # A handover that fails ends in INIT before the kernel has removed the addresses.
    return member.addresses_gone and not isinstance(member.state, Master)


def _last(members: Sequence[Member], reasons: Sequence[str | None]) -> tuple[str, str] | None:
    # The last member that has a reason: at the start the reasons end in the order of the members.
    found = [(one.name, why) for one, why in zip(members, reasons, strict=True) if why is not None]
    return found[-1] if found else None


def _named(blocker: tuple[str, str] | None, group: str) -> str | None:
    if blocker is None:
        return None
    name, why = blocker
    return f"{name} of group {group}: {why}"


def _waits_for_more_than_skew(state: State) -> bool:
    if not isinstance(state, Backup):
        return False
    return state.master is None or state.master.priority != RELEASE
