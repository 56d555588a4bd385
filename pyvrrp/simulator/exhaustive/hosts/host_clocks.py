"""How long something has been so among the hosts, and the promises with a bound."""

from typing import NamedTuple

from pyvrrp.simulator.exhaustive.hosts.host_moves import HostView
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.durations import NEVER, ZERO
from pyvrrp.units import Nanoseconds


class HostClocks(NamedTuple):
    """``quiet``: since the last fault or repair. The others: since it is so after that, or NEVER.

    ``vacant``, for each group: a host could serve, and none does. ``served_badly``, for each
    group: a last resort is MASTER, and a healthy host hears it.
    """

    quiet: Nanoseconds
    vacant: tuple[Nanoseconds, ...]
    served_badly: tuple[Nanoseconds, ...]


class HostScene(NamedTuple):
    """What the promises look at, all hosts together."""

    vacant: tuple[bool, ...]
    served_badly: tuple[bool, ...]
    broken_at_rest: Promise | None


def first_clocks(scope: HostScope) -> HostClocks:
    """Return the clocks at the beginning."""
    never = (NEVER,) * len(scope.groups)
    return HostClocks(ZERO, never, never)


def clocks_at_once(clocks: HostClocks, scene: HostScene, *, disturbed: bool) -> HostClocks:
    """Return the clocks after something happened; *disturbed* if it was a fault or a repair."""
    quiet = ZERO if disturbed else clocks.quiet
    return HostClocks(
        quiet,
        _restarted(clocks.vacant, scene.vacant, quiet),
        _restarted(clocks.served_badly, scene.served_badly, quiet),
    )


def clocks_later(clocks: HostClocks, passed: Nanoseconds, scope: HostScope) -> HostClocks:
    """Return the clocks when time has passed and nothing else happened."""
    quiet = Nanoseconds(min(clocks.quiet + passed, scope.settling))
    return HostClocks(quiet, _later(clocks.vacant, passed), _later(clocks.served_badly, passed))


def broken_bound(clocks: HostClocks, scene: HostScene, scope: HostScope) -> Promise | None:
    """Return the promise whose bound has been passed."""
    if max(clocks.vacant) > scope.vacancy:
        return Promise.ABLE_HOST_SERVES
    if max(clocks.served_badly) > scope.giving_way:
        return Promise.HEALTHY_ONE_WINS
    return scene.broken_at_rest if clocks.quiet >= scope.settling else None


def scene_of(views: tuple[HostView, ...], cut: frozenset[int], scope: HostScope) -> HostScene:
    """Return what the promises look at when the segments *cut* are cut."""
    vacant, badly = [], []
    at_rest: Promise | None = None
    for number, segments in enumerate(scope.groups):
        groups = [view.groups[number] for view in views if view.is_running]
        able = [group for group in groups if group.is_able]
        serving = [group for group in groups if group.serves]
        last_resorts = [group for group in serving if group.stands]
        apart = cut.issuperset(segments)
        vacant.append(bool(able) and not serving)
        badly.append(bool(able) and bool(last_resorts) and not apart)
        candidates = able
        if (scope.last_resort and not able) or (scope.last_resort and apart):
            candidates = [group for group in groups if group.is_only_fenced]
        expected = len(candidates) if apart else bool(candidates)
        if at_rest is not None or not (serving or expected):
            continue
        if not apart and last_resorts and (able or len(last_resorts) > 1):
            at_rest = Promise.ONE_LAST_RESORT
        elif len(serving) != expected:
            at_rest = Promise.ONE_HOST_SERVES
        elif not apart and scope.max_held is None and able:
            willing = max((one.priority for one in able if not one.defers), default=0)
            if all(one.priority < willing for one in serving):
                at_rest = Promise.ONE_HOST_SERVES
    return HostScene(tuple(vacant), tuple(badly), at_rest)


def _restarted(
    clocks: tuple[Nanoseconds, ...], runs: tuple[bool, ...], quiet: Nanoseconds
) -> tuple[Nanoseconds, ...]:
    return tuple(
        (ZERO if clock == NEVER else min(clock, quiet)) if running else NEVER
        for clock, running in zip(clocks, runs, strict=True)
    )


def _later(clocks: tuple[Nanoseconds, ...], passed: Nanoseconds) -> tuple[Nanoseconds, ...]:
    return tuple(one if one == NEVER else Nanoseconds(one + passed) for one in clocks)
