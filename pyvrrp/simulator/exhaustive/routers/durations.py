"""How long something has been so, as far as promises with a bound need to know."""

from typing import NamedTuple

from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.scope import Scope
from pyvrrp.units import Nanoseconds

NEVER = Nanoseconds(-1)
ZERO = Nanoseconds(0)


class Overview(NamedTuple):
    """What the promises look at, all nodes together.

    ``undisturbed`` says that no fault is under way; ``settled`` that the right router, and no
    other, is master.
    """

    masters: int
    running_holders: int
    vacant: bool
    undisturbed: bool
    settled: bool


class Durations(NamedTuple):
    """``quiet``: since the last fault. The others: since it is so and no fault came, or NEVER.

    ``clean`` says that the overlap began in a quiet network.
    """

    quiet: Nanoseconds = ZERO
    overlap: Nanoseconds = NEVER
    shared: Nanoseconds = NEVER
    vacant: Nanoseconds = NEVER
    clean: bool = False


def at_once(clocks: Durations, scene: Overview, scope: Scope, *, disturbed: bool) -> Durations:
    """Return the clocks after something happened; *disturbed* if it was a fault or a repair."""
    quiet = ZERO if disturbed or not scene.undisturbed else clocks.quiet
    overlapping = scene.masters > 1 or scene.running_holders > 1
    clean = clocks.clean
    if not overlapping or quiet == 0:
        clean = False
    elif clocks.overlap == NEVER and clocks.shared == NEVER:
        clean = quiet >= scope.overlap
    return Durations(
        quiet,
        _clock(clocks.overlap, quiet, runs=scene.masters > 1),
        _clock(clocks.shared, quiet, runs=scene.running_holders > 1),
        _clock(clocks.vacant, quiet, runs=scene.vacant),
        clean,
    )


def _clock(value: Nanoseconds, quiet: Nanoseconds, *, runs: bool) -> Nanoseconds:
    if not runs:
        return NEVER
    return ZERO if value == NEVER else min(value, quiet)


def later(clocks: Durations, scene: Overview, passed: Nanoseconds, scope: Scope) -> Durations:
    """Return the clocks when time has passed and nothing else happened."""
    if not scene.undisturbed:
        return clocks
    quiet = Nanoseconds(min(clocks.quiet + passed, scope.settling))
    overlap, shared, vacant = (
        value if value == NEVER else Nanoseconds(value + passed)
        for value in (clocks.overlap, clocks.shared, clocks.vacant)
    )
    return Durations(quiet, overlap, shared, vacant, clocks.clean)


def overdue(clocks: Durations, scene: Overview, scope: Scope) -> Promise | None:
    """Return the promise whose bound has been passed."""
    overlap = scope.clean_overlap if clocks.clean else scope.overlap
    if clocks.overlap > overlap:
        return Promise.OVERLAP
    # One removal may be under way when the overlap begins, another when it ends.
    # Where the kernel refuses a removal, the lease ends it.
    if clocks.shared > overlap + scope.linger + 2 * scope.removal + scope.refused:
        return Promise.SHARED_ADDRESS
    if scope.answered and not scene.running_holders:
        return Promise.ANSWERED
    if clocks.vacant > scope.vacancy:
        return Promise.VACANCY
    if clocks.quiet >= scope.settling and not scene.settled:
        return Promise.SETTLED
    return None
