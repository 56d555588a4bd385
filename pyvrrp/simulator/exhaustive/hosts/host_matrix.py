"""The configurations of hosts that are searched by default, and what else a thorough run has."""

from dataclasses import replace
from ipaddress import IPv4Address

from pyvrrp.identity import Version
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostFault, HostScope
from pyvrrp.simulator.exhaustive.scope import SearchStart
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters

HIGH, LOW = 128, 64
QUARTER = Nanoseconds(SECOND // 4)
FENCES = frozenset({HostFault.FENCE})
CRASHES = frozenset({HostFault.CRASH})
OPERATOR = frozenset({HostFault.DRAIN, HostFault.RESIGN})
RESIGNED = frozenset({HostFault.LINK, HostFault.RESIGN})


def pair(
    first: tuple[int, ...], second: tuple[int, ...], linger: Nanoseconds = QUARTER
) -> tuple[tuple[Parameters, ...], ...]:
    """Return two hosts whose virtual routers have these priorities."""
    return tuple(
        tuple(
            Parameters(Version.V3, priority, SECOND, IPv4Address(f"192.0.2.{host}"), linger=linger)
            for priority in priorities
        )
        for host, priorities in ((1, first), (2, second))
    )


def host_matrix(*, thorough: bool) -> tuple[HostScope, ...]:
    """Return the scopes of hosts; *thorough*: also those that take minutes."""
    scopes = (*_groups(), *_last_resorts(), *_crowded())
    return (*scopes, *_thorough(scopes)) if thorough else scopes


def _groups() -> tuple[HostScope, ...]:
    group = HostScope("group", pair((HIGH, HIGH), (LOW, LOW)), is_group=True)
    return (
        replace(group, name="group, cold start", start=SearchStart.COLD, faults=0),
        replace(group, name="group, any fault"),
        replace(group, name="group, any fault, delayed", delay=QUARTER),
        replace(group, name="group, planned move", kinds=OPERATOR),
        replace(group, name="group, resigned and a link flaps", faults=2, kinds=RESIGNED),
        replace(
            group,
            name="group, exclusive addresses",
            hosts=pair((HIGH, HIGH), (LOW, LOW), Nanoseconds(0)),
            is_exclusive=True,
        ),
        replace(group, name="group, two cuts", faults=2, kinds=frozenset({HostFault.CUT})),
    )


def _last_resorts() -> tuple[HostScope, ...]:
    one = HostScope("last resort", pair((HIGH,), (LOW,)), last_resort=True)
    return (
        replace(one, name="last resort, one fence", kinds=FENCES | CRASHES),
        replace(one, name="last resort, all fenced", faults=0, starts_fenced=True),
        replace(one, name="no last resort", faults=2, kinds=FENCES | CRASHES, last_resort=False),
    )


def _crowded() -> tuple[HostScope, ...]:
    crowded = HostScope("max_held", pair((HIGH, LOW), (LOW, HIGH)), max_held=1)
    return (
        replace(crowded, name="max_held, cold start", start=SearchStart.COLD, faults=0),
        replace(crowded, name="max_held, a crash", kinds=CRASHES),
        replace(crowded, name="max_held, a fence", kinds=FENCES),
    )


def _thorough(scopes: tuple[HostScope, ...]) -> tuple[HostScope, ...]:
    more = tuple(
        replace(scope, name=f"{scope.name}, one fault more", faults=scope.faults + 1)
        for scope in scopes
        if scope.faults
    )
    one = HostScope("last resort", pair((HIGH,), (LOW,)), 0, last_resort=True)
    fenced = replace(one, starts_fenced=True)
    return (
        *more,
        replace(fenced, name="last resort, all fenced, a fence", faults=1, kinds=FENCES),
        replace(fenced, name="last resort, all fenced, cold start", start=SearchStart.COLD),
    )
