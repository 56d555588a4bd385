"""What the virtual routers of one ``group`` must have in common, on every node of the file.

The group is MASTER on one node. If two members preferred different nodes, the group would move
between these nodes for ever.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from typing import TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.priority import NODES, PRIORITY
from pyvrrp.config.router.tracking import TRACK_INTERFACES
from pyvrrp.config.router.unique import RouterTable
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import Key

# A key, the verb of the message, and the value of the key as text.
SharedKey: TypeAlias = tuple[Key[object], str, Callable[[VirtualRouterConfig], str]]

_NO_LAST_RESORT = (
    'cannot be "last-resort" in a group: the other members would have to use priority 1 too'
)


def _weights(router: VirtualRouterConfig) -> str:
    parts = sorted(f"{weight.check} {weight.points:+d}" for weight in router.weights)
    return ", ".join(parts) or "none"


def _interface_weights(router: VirtualRouterConfig) -> str:
    parts = sorted(
        f"{one.interface} {one.weight:+d}{' reversed' if one.reverse else ''}"
        for one in router.track_interfaces
        if one.weight
    )
    return ", ".join(parts) or "none"


SHARED: tuple[SharedKey, ...] = (
    (virtual_router.PREEMPT, "is", lambda router: shown(router.preempt)),
    (virtual_router.PREEMPT_DELAY, "is", lambda router: write_duration(router.preempt_delay)),
    (virtual_router.CHECKS, "the weights are", _weights),
    (TRACK_INTERFACES, "the weights are", _interface_weights),
)


def refuse_disagreements(tables: Sequence[RouterTable], leases: Container[str]) -> None:
    """Report members whose election could end on another node than that of the first member.

    Report every lease of a group but one, too: if two nodes each held one of two keys, no node
    could be master. *leases* are the names of the checks of the kind lease.
    """
    leaders: dict[str, RouterTable] = {}
    holders: dict[str, str] = {}
    for one in tables:
        if not one.routers or not one.section.good(virtual_router.GROUP):
            continue
        group = one.routers[0].group
        if group:
            _refuse_ties(one)
            _refuse_second_lease(one, leases, holders)
            if one.routers[0].last_resort:
                one.section.refuse(virtual_router.WHEN_ALL_FAIL, _NO_LAST_RESORT)
            _compare(leaders.setdefault(group, one), one)


def _compare(leader: RouterTable, member: RouterTable) -> None:
    first, other = leader.routers[0], member.routers[0]
    if member is leader:
        return
    both = f'in "{first.name}": members of the group "{first.group}" move together'
    if _good(leader, PRIORITY, NODES) and _good(member, PRIORITY, NODES):
        key: Key[object] = NODES if member.section.given(NODES) else PRIORITY
        for difference in _differences(first, other):
            member.section.refuse(key, f"{difference} {both}")
    for key, verb, value_of in SHARED:
        here, there = value_of(other), value_of(first)
        if _good(leader, key) and _good(member, key) and here != there:
            member.section.refuse(key, f"{verb} {here} here and {there} {both}")


def _differences(first: VirtualRouterConfig, other: VirtualRouterConfig) -> Iterator[str]:
    if bool(first.ranking) is not bool(other.ranking):
        yield "names nodes in one of the tables and is a number in the other, here and"
    elif not first.ranking and first.priority != other.priority:
        yield f"is {other.priority} here and {first.priority}"
    there, here = dict(first.ranking), dict(other.ranking)
    for node in dict.fromkeys((*there, *here)) if there and here else ():
        if there.get(node) != here.get(node):
            yield f"{node} has {_number(here.get(node))} here and {_number(there.get(node))}"


def _number(priority: int | None) -> str:
    return "no priority" if priority is None else f"priority {priority}"


def _refuse_second_lease(one: RouterTable, leases: Container[str], holders: dict[str, str]) -> None:
    for router in one.routers:
        for index, check in enumerate(router.checks):
            if check not in leases:
                continue
            if router.group in holders:
                holder = holders[router.group]
                what = f"the group has the lease of {holder} already, which is for all members"
                one.section.refuse(virtual_router.CHECKS, what, inside=f"[{index}]")
            holders.setdefault(router.group, f'"{router.name}"')


def _refuse_ties(one: RouterTable) -> None:
    taken: dict[int, str] = {}
    for node, priority in one.routers[0].ranking:
        if priority in taken:
            one.section.refuse(
                PRIORITY,
                f"{taken[priority]} and {node} have the same priority, {priority}: on each "
                "interface of the group their addresses would decide, not always the same node",
            )
        taken.setdefault(priority, node)


def _good(one: RouterTable, *keys: Key[object]) -> bool:
    return one.section.good(*keys)
