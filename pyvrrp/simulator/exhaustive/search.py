"""Searches all states breadth first, so that the first broken promise is the nearest one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Generic

from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.hosts.host_space import HostSpace
from pyvrrp.simulator.exhaustive.hosts.host_trace import tell_hosts
from pyvrrp.simulator.exhaustive.outcomes import (
    BrokenPromise,
    NextState,
    Path,
    Space,
    Step,
    TraceLine,
    WorldState,
)
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.state_space import StateSpace
from pyvrrp.simulator.exhaustive.routers.trace import tell
from pyvrrp.simulator.exhaustive.scope import Scope, StepFunction
from pyvrrp.virtual_router.transitions import step as the_real_step

PROGRESS_EVERY = 20_000  # states


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far a search has come."""

    name: str
    depth: int
    states: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search has found.

    ``complete`` says that no state is left: what holds then holds for histories of any length
    with at most the scope's faults. Otherwise it holds for histories of up to ``depth`` steps.
    """

    scope: Scope | HostScope
    states: int
    steps: int
    depth: int
    complete: bool
    seconds: float
    violation: BrokenPromise | None = None

    @property
    def states_per_second(self) -> int:
        """The speed of the search."""
        return round(self.states / self.seconds) if self.seconds else self.states


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """Where a search ends: after *depth* steps, or before a level that begins with more states."""

    depth: int | None = None
    states: int | None = None


NO_LIMITS = SearchLimits()


def search(
    scope: Scope | HostScope,
    limits: SearchLimits = NO_LIMITS,
    step: StepFunction = the_real_step,
    report: Callable[[SearchProgress], None] | None = None,
) -> SearchResult:
    """Look at every state of *scope* within *limits*, or up to the first broken promise.

    *step* is the election of a `Scope`; hosts have the real one.
    """
    if isinstance(scope, HostScope):
        hosts = HostSpace(scope)
        return _Search(scope, hosts, partial(tell_hosts, hosts), limits, report).run()
    space = StateSpace(scope, step)
    return _Search(scope, space, partial(tell, space), limits, report).run()


class _Search(Generic[Step]):
    """One search under way."""

    def __init__(
        self,
        scope: Scope | HostScope,
        space: Space[Step],
        tell: Callable[[Path[Step], WorldState], tuple[TraceLine, ...]],
        limits: SearchLimits,
        report: Callable[[SearchProgress], None] | None,
    ) -> None:
        self._scope = scope
        self._world = space
        self._tell = tell
        self._limits = limits
        self._report = report
        self._first = space.first()
        self._parents: dict[WorldState, WorldState] = {self._first: self._first}
        self._steps = 0
        self._depth = 0
        self._began = monotonic()

    def run(self) -> SearchResult:
        level = [self._first]
        while level and not self._is_limited():
            found = self._expand(level)
            self._depth += 1
            if not isinstance(found, list):
                return self._verdict(complete=False, violation=found)
            level = found
        return self._verdict(complete=not level)

    def _is_limited(self) -> bool:
        limits = self._limits
        too_deep = limits.depth is not None and self._depth >= limits.depth
        return too_deep or (limits.states is not None and len(self._parents) > limits.states)

    def _expand(self, level: list[WorldState]) -> list[WorldState] | BrokenPromise:
        following: list[WorldState] = []
        parents, outcomes = self._parents, self._world.outcomes
        for state in level:
            for outcome in outcomes(state):
                self._steps += 1
                if outcome.broken is not None:
                    return self._violation(state, outcome, outcome.broken)
                if outcome.state not in parents:
                    parents[outcome.state] = state
                    following.append(outcome.state)
                    if self._report is not None and len(parents) % PROGRESS_EVERY == 0:
                        self._report(self._progress())
        return following

    def _violation(
        self, state: WorldState, last: NextState[Step], broken: Promise
    ) -> BrokenPromise:
        path: Path[Step] = [(state, last.step)]
        while path[0][0] != self._first:
            child = path[0][0]
            parent = self._parents[child]
            taken = next(one.step for one in self._world.outcomes(parent) if one.state == child)
            path.insert(0, (parent, taken))
        trace = self._tell(path, last.state)
        return BrokenPromise(broken, last.detail, len(path), trace)

    def _progress(self) -> SearchProgress:
        seconds = monotonic() - self._began
        return SearchProgress(self._scope.name, self._depth, len(self._parents), seconds)

    def _verdict(self, *, complete: bool, violation: BrokenPromise | None = None) -> SearchResult:
        return SearchResult(
            scope=self._scope,
            states=len(self._parents),
            steps=self._steps,
            depth=self._depth,
            complete=complete,
            seconds=monotonic() - self._began,
            violation=violation,
        )
