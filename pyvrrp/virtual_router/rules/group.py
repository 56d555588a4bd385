"""The rules of a group: its virtual routers are MASTER together or not at all.

Each member listens on its own interface, so one advertisement that is still heard keeps all of them
BACKUP. No member claims alone. What keeps one member from serving keeps all, and names that member.
When one of them leaves MASTER, all do. A virtual router without a group is a group of one.

All rules are functions of the facts of the members. They return what the elections must hear; the
caller delivers it and asks again, until there is nothing more.
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
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from pyvrrp.virtual_router.transitions import takeover_is_due


@dataclass(frozen=True, slots=True)
class Member:
    """The facts of one virtual router of a group.

    *hindrance* and *order* are its own (`admission`). *reason* is why it is in its state.
    *addresses_gone*: the kernel has none of its addresses, and none is asked for.
    *has_let_go*: nothing that proved its right to the addresses is still held.
    *defers*: it resigned before. *is_exclusive*: no two nodes may ever have its addresses at once.
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


Told: TypeAlias = tuple[int, Event]  # the number of a member, and what its election must hear


def lingers(members: Sequence[Member]) -> bool:
    """Tell whether addresses may be here and at the successor for a moment."""
    return not any(member.is_exclusive for member in members)


def consequences(members: Sequence[Member], group: str = "") -> list[Told]:
    """Return what the facts of the *members* of *group* ask for now; empty: nothing more."""
    return _participation(members, group) or _left_behind(members) or _all_addresses_gone(members)


def is_claim_due(members: Sequence[Member], now: Nanoseconds) -> bool:
    """Tell whether all members are to become MASTER at *now*, if nothing holds them back."""
    return all(
        isinstance(member.state, Backup) and takeover_is_due(member.state, now)
        for member in members
    )


def release_heard(
    members: Sequence[Member], hearer: int, heard: AdvertisementReceived, before: State
) -> list[Told]:
    """Return who else must hear that a master sent priority 0: its group leaves as a whole.

    *hearer* is the member that heard it, *before* the state that it was in then.
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
    """Return why a member cannot serve: for its own reason, or for that of another member."""
    own = members[number].hindrance
    return own or _named(_last(members, [member.hindrance for member in members]), group)


def order_of(members: Sequence[Member], number: int, group: str) -> str | None:
    """Return why the operator wants a member to stand aside, or another member of its group."""
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
    """Where one member is not MASTER, no other member stays MASTER."""
    left = next((one for one in members if isinstance(one.state, Backup | Init)), None)
    if left is None:
        return []
    holds = isinstance(left.state, Backup) and left.state.holds_until is not None
    event = StepDown(f"follows {left.name}: {left.reason}", holds)
    return [
        (number, event) for number, member in enumerate(members) if isinstance(member.state, Master)
    ]


def _all_addresses_gone(members: Sequence[Member]) -> list[Told]:
    """No member says goodbye before the addresses of all are gone, and what proved them ours."""
    leaving = [one for one in members if not isinstance(one.state, Init | Backup)]
    if not all(_is_gone(one) for one in leaving) or not all(one.has_let_go for one in members):
        return []
    return [
        (number, AddressesGone())
        for number, member in enumerate(members)
        if isinstance(member.state, Releasing)
    ]


def _is_gone(member: Member) -> bool:
    return member.addresses_gone and isinstance(member.state, Releasing | HandingOver)


def _last(members: Sequence[Member], reasons: Sequence[str | None]) -> tuple[str, str] | None:
    # The last one that has a reason: at the start they are cleared from the first on.
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
