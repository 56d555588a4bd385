"""What the virtual routers of one ``group`` must have in common, on every node of the file.

They are one election: nodes that stand in a different order in two of them would never come to
rest, each pulling down what the other one is preferred for.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from typing import TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.priority import NODES, PRIORITY
from pyvrrp.config.router.unique import Written
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import Key

Aspect: TypeAlias = tuple[Key[object], str, Callable[[VirtualRouterConfig], str]]


_NO_LAST_RESORT = (
    'cannot be "last-resort" in a group: the other members would have to stand with priority 1 too'
)


def _weights(router: VirtualRouterConfig) -> str:
    parts = sorted(f"{weight.check} {weight.points:+d}" for weight in router.weights)
    return ", ".join(parts) or "none"


SHARED: tuple[Aspect, ...] = (
    (virtual_router.PREEMPT, "is", lambda router: shown(router.preempt)),
    (virtual_router.PREEMPT_DELAY, "is", lambda router: write_duration(router.preempt_delay)),
    (virtual_router.CHECKS, "the weights are", _weights),
)


def refuse_disagreements(written: Sequence[Written], leases: Container[str]) -> None:
    """Report every member that would elect otherwise than the first of its group.

    And every lease but one: two keys that are never had at the same time let nobody serve.
    """
    leaders: dict[str, Written] = {}
    holders: dict[str, str] = {}
    for one in written:
        if not one.entries or not one.section.good(virtual_router.GROUP):
            continue
        group = one.entries[0].group
        if group:
            _refuse_ties(one)
            _refuse_second_lease(one, leases, holders)
            if one.entries[0].last_resort:
                one.section.refuse(virtual_router.WHEN_ALL_FAIL, _NO_LAST_RESORT)
            _compare(leaders.setdefault(group, one), one)


def _compare(leader: Written, member: Written) -> None:
    first, other = leader.entries[0], member.entries[0]
    if member is leader:
        return
    both = f'in "{first.name}": members of the group "{first.group}" move as one'
    if _good(leader, PRIORITY, NODES) and _good(member, PRIORITY, NODES):
        key: Key[object] = NODES if member.section.given(NODES) else PRIORITY
        for difference in _differences(first, other):
            member.section.refuse(key, f"{difference} {both}")
    for key, verb, words in SHARED:
        if _good(leader, key) and _good(member, key) and words(first) != words(other):
            member.section.refuse(key, f"{verb} {words(other)} here and {words(first)} {both}")


def _differences(first: VirtualRouterConfig, other: VirtualRouterConfig) -> Iterator[str]:
    if bool(first.ranking) is not bool(other.ranking):
        yield "names the nodes in one place and gives a number in the other, here and"
    elif not first.ranking and first.priority != other.priority:
        yield f"is {other.priority} here and {first.priority}"
    there, here = dict(first.ranking), dict(other.ranking)
    for node in dict.fromkeys((*there, *here)) if there and here else ():
        if there.get(node) != here.get(node):
            yield f"{node} has {_number(here.get(node))} here and {_number(there.get(node))}"


def _number(priority: int | None) -> str:
    return "no priority" if priority is None else f"priority {priority}"


def _refuse_second_lease(one: Written, leases: Container[str], holders: dict[str, str]) -> None:
    for router in one.entries:
        for index, check in enumerate(router.checks):
            if check not in leases:
                continue
            if router.group in holders:
                what = f"the group has the lease of {holders[router.group]} already; one is for all"
                one.section.refuse(virtual_router.CHECKS, what, inside=f"[{index}]")
            holders.setdefault(router.group, f'"{router.name}"')


def _refuse_ties(one: Written) -> None:
    taken: dict[int, str] = {}
    for node, priority in one.entries[0].ranking:
        if priority in taken:
            one.section.refuse(
                PRIORITY,
                f"{taken[priority]} and {node} have the same priority, {priority}: in each segment "
                "of the group the addresses would decide, and not the same way",
            )
        taken.setdefault(priority, node)


def _good(one: Written, *keys: Key[object]) -> bool:
    return one.section.good(*keys)
