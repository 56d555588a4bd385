"""The state of one virtual router at one moment, for status. Making a view changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, InterfaceAddress
from pyvrrp.runtime.addresses.conflicting_holders import OtherHolder
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.links.link import Link
from pyvrrp.runtime.router.collisions import Collision
from pyvrrp.runtime.router.operator import WHILE_RESIGNED, StandingOrder
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import Nanoseconds, in_words
from pyvrrp.virtual_router.rules.admission import FENCE
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
)


@dataclass(frozen=True, slots=True)
class RouterView:
    """One virtual router at one moment.

    *due* is the deadline of its state. *master* is the address of the master, as far as it is
    known. *concerns* is what its concerns show, by keys.
    """

    config: VirtualRouterConfig
    state: State
    reason: str
    since: Nanoseconds
    priority: int
    drained: bool
    resigned: bool
    orders: tuple[StandingOrder, ...]
    moving: bool
    group: str
    members: tuple[str, ...]
    primary_address: Address | None
    present: frozenset[InterfaceAddress]
    master: Address | None
    master_adver_interval: Nanoseconds
    master_down_interval: Nanoseconds
    due: Nanoseconds | None
    last_heard: LastHeard | None
    links: tuple[Link, ...]
    new_master_reason: str
    waits_for: str
    collisions: tuple[Collision, ...]
    other_holders: tuple[OtherHolder, ...]
    counters: Mapping[str, int]
    concerns: Mapping[str, Json]


def view_of(router: Router, now: Nanoseconds) -> RouterView:
    """Return the view of *router* at *now*."""
    config, state = router.config, router.state
    interval = config.advertisement_interval
    if isinstance(state, Backup):
        interval = state.master_adver_interval
    waits_for = router.waits_for
    return RouterView(
        config=config,
        state=state,
        reason=_reason(router, waits_for, now),
        since=router.reporter.since,
        priority=router.priority,
        drained=router.operator.drained,
        resigned=router.operator.resigned,
        orders=router.operator.orders(router.priority_sources.operator),
        moving=router.is_moving,
        group=router.group.name,
        members=tuple(dict.fromkeys(one.config.name for one in router.group.members)),
        primary_address=router.primary_address,
        present=router.addresses.all_present(),
        master=_master(router),
        master_adver_interval=interval,
        master_down_interval=router.master_down_interval,
        due=deadline(state),
        last_heard=router.last_heard,
        links=tuple(router.links.all),
        new_master_reason=router.reporter.new_master_reason,
        waits_for=waits_for,
        collisions=router.reporter.collisions.known,
        other_holders=router.addresses.other_holders.known,
        counters=router.counters.snapshot(),
        concerns=_merged(router, now),
    )


def _merged(router: Router, now: Nanoseconds) -> Mapping[str, Json]:
    """Return what all concerns show. Lists and dictionaries of the same key are joined."""
    merged: dict[str, Json] = {}
    for concern in router.concerns:
        for key, value in concern.status(now).items():
            known = merged.get(key)
            if isinstance(known, list) and isinstance(value, list):
                merged[key] = [*known, *value]
            elif isinstance(known, dict) and isinstance(value, dict):
                merged[key] = {**known, **value}
            else:
                merged[key] = value
    return merged


def _master(router: Router) -> Address | None:
    if isinstance(router.state, Master | Releasing | HandingOver):
        return router.primary_address
    return None if router.last_heard is None else router.last_heard.sender


def _reason(router: Router, waits_for: str, now: Nanoseconds) -> str:
    reason = _reason_of_state(router, waits_for, now)
    if router.operator.resigned and isinstance(router.state, Init | Backup):
        reason = f"{reason}; {WHILE_RESIGNED}"
    if router.is_last_resort:
        reason = f"last resort, although {router.obstacle_of(FENCE)}: {reason}"
    doing = "" if router.addresses.chain is None else router.addresses.chain.doing
    return f"{reason}; {doing}" if doing else reason


def _reason_of_state(router: Router, waits_for: str, now: Nanoseconds) -> str:
    state, heard = router.state, router.last_heard
    match state:
        case Init(reason=reason) | Releasing(reason=reason):
            return reason
        case HandingOver(reason=reason):
            return f"{reason}: hands over, waits for the successor to speak"
        case Master():
            unsent = router.unsent.why
            return f"{router.reporter.reason}; {unsent}" if unsent else router.reporter.reason
        case Backup():
            if waits_for:
                return f"{_why_due(router, state, now)}; waits for {waits_for}"
            if heard is None:
                return router.reporter.reason
            age = in_words(Nanoseconds((now - heard.at) // 1_000_000 * 1_000_000))
            return f"{heard.sender} advertised priority {heard.priority} {age} ago"


def _why_due(router: Router, state: Backup, now: Nanoseconds) -> str:
    """Return why a claim is due that a concern delays."""
    heard, lower, life_at = router.last_heard, state.lower, router.last_life_at
    if life_at is not None and (heard is None or life_at > heard.at):
        return "no compatible master is heard"
    if heard is None or lower is None or now - heard.at > router.master_down_interval:
        return "the master is silent"
    return f"{lower.sender} of priority {lower.priority} may be preempted"
