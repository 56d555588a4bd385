"""The configurations that are searched by default, and several searches at once."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from multiprocessing import get_context
from multiprocessing.managers import SyncManager
from queue import Empty, Queue
from typing import TypeAlias

from pyvrrp.identity import Version
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.scope import REFUSALS, Scope, SearchedFault, SearchStart
from pyvrrp.simulator.exhaustive.search import SearchLimits, SearchProgress, SearchResult, search
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters

Groups: TypeAlias = list[tuple[str, tuple[Parameters, ...]]]
AT_ONCE = Nanoseconds(0)
# Shares of an interval that the quantum divides, so that all routers keep to one grid.
HIGH, MIDDLE, LOW = 192, 128, 64
OWNER = 255


def router(node: int, priority: int, version: Version = Version.V3) -> Parameters:
    """Return node *node* (from 1) as the matrix has it; its address ends with its number."""
    return Parameters(version, priority, SECOND, IPv4Address(f"192.0.2.{node}"))


def matrix(nodes: int, faults: int, kinds: frozenset[SearchedFault]) -> tuple[Scope, ...]:
    """Return the scopes for two or three nodes, each with the given faults."""
    scopes: list[Scope] = []
    for version in Version:
        groups = [*(_pairs(version) if nodes == 2 else _triples(version))]  # noqa: PLR2004 (a pair)
        for name, routers in groups:
            scope = Scope(f"v{version.value} {name}", routers, faults, kinds - REFUSALS)
            scopes += _variants(scope)
        scopes += _planned_moves(groups, version, faults, kinds - REFUSALS)
        if nodes == 2 and faults:  # noqa: PLR2004 (a pair)
            scopes += _refusals(groups, version, faults, kinds)
    return tuple(scopes)


def _refusals(
    groups: Groups, version: Version, faults: int, kinds: frozenset[SearchedFault]
) -> Iterator[Scope]:
    """A kernel that refuses, and one fault more: a settled master removes nothing by itself."""
    name, routers = groups[0]
    title = f"v{version.value} {name}, a kernel that refuses"
    beside = kinds & {SearchedFault.FENCE, SearchedFault.CUT}
    scope = Scope(title, routers, faults + 1, beside | (kinds & REFUSALS))
    if kinds & REFUSALS:
        yield replace(scope, start=SearchStart.SETTLED, addition=scope.quantum)


def _planned_moves(
    groups: Groups, version: Version, faults: int, kinds: frozenset[SearchedFault]
) -> Iterator[Scope]:
    """Two operators' moves and nothing else; with two nodes also one and a slow one, or a fault."""
    (name, routers), *_ = groups
    linger = Nanoseconds(SECOND // 4)
    patient = tuple(replace(one, linger=linger) for one in routers)
    title = f"v{version.value} {name}, planned moves"
    scope = Scope(title, patient, 0, start=SearchStart.SETTLED)
    yield replace(scope, handovers=2, answered=True)
    if len(routers) != 2:  # noqa: PLR2004 (a pair)
        return
    # With three, another BACKUP may announce and yield: docs/verification.md.
    slow = f"{title}, slow successor"
    yield replace(scope, name=slow, handovers=1, answered=True, addition=Nanoseconds(SECOND // 2))
    if faults:
        both = f"{scope.name} and a fault"
        yield replace(scope, name=both, handovers=1, faults=faults, kinds=kinds)


def _variants(scope: Scope) -> Iterator[Scope]:
    at_once = replace(
        scope, name=f"{scope.name}, delivered at once", delay=AT_ONCE, removal=AT_ONCE
    )
    if len(scope.routers) == 2:  # noqa: PLR2004 (a pair)
        yield scope
        if scope.name.endswith("by priority"):
            yield at_once
        return
    # Three nodes have too many histories to begin all of them cold and with faults.
    yield replace(scope, name=f"{scope.name}, no faults", faults=0)
    yield replace(at_once, faults=0)
    if scope.faults:
        yield replace(scope, name=f"{scope.name}, settled", start=SearchStart.SETTLED)


def _pairs(version: Version) -> Iterator[tuple[str, tuple[Parameters, ...]]]:
    def pair(one: int, other: int) -> tuple[Parameters, Parameters]:
        return router(1, one, version), router(2, other, version)

    yield "2 nodes by priority", pair(MIDDLE, LOW)
    yield "2 nodes, lower address preferred less", pair(LOW, MIDDLE)
    yield "2 nodes, no preemption", _patient(pair(MIDDLE, LOW))
    yield "2 nodes, equal priorities", pair(MIDDLE, MIDDLE)
    yield "2 nodes, equal priorities, no preemption", _patient(pair(MIDDLE, MIDDLE))
    yield "2 nodes, address owner", pair(OWNER, MIDDLE)
    yield "2 nodes, two owners by mistake", pair(OWNER, OWNER)
    high, low = pair(MIDDLE, LOW)
    yield (
        "2 nodes, delayed preemption",
        (
            replace(high, preempt_delay=Nanoseconds(2 * SECOND)),
            low,
        ),
    )
    yield (
        "2 nodes, different intervals",
        (
            high,
            replace(low, advertisement_interval=Nanoseconds(2 * SECOND)),
        ),
    )


def _triples(version: Version) -> Iterator[tuple[str, tuple[Parameters, ...]]]:
    def three(*priorities: int) -> tuple[Parameters, ...]:
        return tuple(router(i + 1, priority, version) for i, priority in enumerate(priorities))

    yield "3 nodes by priority", three(HIGH, MIDDLE, LOW)
    yield "3 nodes, no preemption", _patient(three(HIGH, MIDDLE, LOW))
    yield "3 nodes, equal priorities", three(MIDDLE, MIDDLE, MIDDLE)
    yield "3 nodes, address owner", three(OWNER, MIDDLE, MIDDLE)


def _patient(routers: tuple[Parameters, ...]) -> tuple[Parameters, ...]:
    return tuple(replace(one, preempt=False) for one in routers)


@dataclass(frozen=True, slots=True)
class SearchJob:
    """One search to be done."""

    scope: Scope | HostScope
    limits: SearchLimits


def search_all(
    jobs: list[SearchJob], processes: int, report: Callable[[SearchProgress], None]
) -> Iterator[SearchResult]:
    """Search all scopes, several at a time, and yield the verdicts in the order of *jobs*."""
    if processes == 1 or len(jobs) == 1:
        for job in jobs:
            yield search(job.scope, job.limits, report=report)
        return
    context = get_context("forkserver")
    manager = SyncManager(ctx=context)
    manager.start()
    with manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        news: Queue[SearchProgress] = manager.Queue()
        waiting = [pool.submit(_search, job, news) for job in jobs]
        try:
            for verdict in waiting:
                while not verdict.done():
                    _pass_on(news, report)
                yield verdict.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _search(job: SearchJob, news: "Queue[SearchProgress]") -> SearchResult:
    # Millions of tuples that all stay: looking for cycles among them is half of the time.
    gc.disable()
    return search(job.scope, job.limits, report=partial(news.put))


def _pass_on(news: "Queue[SearchProgress]", report: Callable[[SearchProgress], None]) -> None:
    try:
        report(news.get(timeout=0.1))
    except Empty:
        return
