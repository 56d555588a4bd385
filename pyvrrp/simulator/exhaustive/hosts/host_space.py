"""All hosts and the segments between them: which steps there are, and where each leads.

As in `state_space`, a state of the world is a short tuple of numbers, and what one host does is
computed once for each host and move.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, TypeAlias

from pyvrrp.simulator.exhaustive.hosts.host_clocks import (
    HostClocks,
    HostScene,
    broken_bound,
    clocks_at_once,
    clocks_later,
    first_clocks,
    scene_of,
)
from pyvrrp.simulator.exhaustive.hosts.host_moves import (
    FAULTS,
    REPAIRS,
    HostMove,
    HostMoved,
    HostMoveName,
    HostMoves,
)
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostFault, HostScope
from pyvrrp.simulator.exhaustive.hosts.live_host import Sent
from pyvrrp.simulator.exhaustive.hosts.router_state import HostState, aged
from pyvrrp.simulator.exhaustive.outcomes import NextState, Numbering, WorldState
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.scope import SearchStart
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived


class OnSegment(NamedTuple):
    """One advertisement on its way over one segment; ``left`` is how long it may still take."""

    segment: int
    receiver: int
    sender: int
    priority: int
    left: Nanoseconds


OnSegments = tuple[OnSegment, ...]  # sorted, because they may overtake each other


class HostHistory(NamedTuple):
    """How many faults are left, and which segments are cut."""

    left: int
    cut: frozenset[int] = frozenset()


class HostStep(NamedTuple):
    """One step of the search: what happened, to which host, and how long it took."""

    what: str
    node: int | None = None
    move: HostMove | None = None
    passed: Nanoseconds = Nanoseconds(0)


HostOutcome: TypeAlias = NextState[HostStep]


class HostSpace:
    """The steps of one scope of hosts."""

    def __init__(self, scope: HostScope) -> None:
        self.scope = scope
        self.size = len(scope.hosts)
        self._moves = [HostMoves(scope, index) for index in range(self.size)]
        self.hosts: Numbering[HostState] = Numbering()
        self.messages: Numbering[OnSegments] = Numbering()
        self.pasts: Numbering[HostHistory] = Numbering()
        self.clocks: Numbering[HostClocks] = Numbering()
        self._view = cache(lambda index, number: self._moves[index].view(self.hosts.values[number]))
        self._moved = cache(self._move)
        self._scene = cache(self._look_around)
        self._at_once = cache(self._clocks_at_once)
        self._later = cache(self._clocks_later)
        self._aged = cache(self._age)

    def first(self) -> WorldState:
        """Return the state in which all histories begin."""
        hosts = [self.hosts.of(moves.dead()) for moves in self._moves]
        state: WorldState = (
            *hosts,
            self.messages.of(()),
            self.pasts.of(HostHistory(0)),
            self.clocks.of(first_clocks(self.scope)),
        )
        if self.scope.start is SearchStart.SETTLED:
            start = HostMove(0, HostMoveName.START)
            for index in range(self.size):
                state = self._with_host(state, index, start).state
            while self.clocks.values[state[-1]].quiet < self.scope.settling:
                changes = (one for one in self.outcomes(state) if one.state != state)
                state = min(changes, key=_expected).state
        return (*state[:-2], self.pasts.of(HostHistory(self.scope.faults)), state[-1])

    def host(self, state: WorldState, index: int) -> HostState:
        """Return one host of *state*."""
        return self.hosts.values[state[index]]

    def moved(self, state: WorldState, index: int, move: HostMove) -> HostMoved:
        """Return what *move* makes of one host of *state*."""
        return self._moves[index].take(self.host(state, index), move)

    def outcomes(self, state: WorldState) -> Iterator[HostOutcome]:
        """Yield every step that there is from *state*."""
        past = self.pasts.values[state[-2]]
        urgent = False
        for index in range(self.size):
            view = self._view(index, state[index])
            urgent = urgent or view.is_urgent
            for move in view.moves:
                fault = None if move.what is None else FAULTS.get(move.what)
                if fault is None or (past.left and fault in self.scope.kinds):
                    yield self._with_host(state, index, move)
        messages = self.messages.values[state[-3]]
        for message in dict.fromkeys(messages):
            urgent = urgent or message.left == 0
            yield from self._with_message(state, messages, message)
        yield from self._cuts(state, past)
        if not urgent:
            yield self._tick(state)

    def _with_host(self, state: WorldState, index: int, move: HostMove) -> HostOutcome:
        number, sent, broken, detail = self._moved(index, state[index], move)
        past = self.pasts.values[state[-2]]
        is_fault = move.what in FAULTS
        if is_fault:
            past = past._replace(left=past.left - 1)
        after = (
            *state[:index],
            number,
            *state[index + 1 : -3],
            self._send(state[-3], index, sent, past.cut),
            self.pasts.of(past),
            state[-1],
        )
        step = HostStep("move", index, move=move)
        disturbed = is_fault or move.what in REPAIRS
        outcome = self._outcome(step, after, disturbed=disturbed)
        return outcome._replace(broken=broken, detail=detail) if broken else outcome

    def _with_message(
        self, state: WorldState, messages: OnSegments, message: OnSegment
    ) -> Iterator[HostOutcome]:
        at = messages.index(message)
        rest = self.messages.of(messages[:at] + messages[at + 1 :])
        without = (*state[:-3], rest, *state[-2:])
        own = self.scope.hosts[message.sender][message.segment]
        heard = AdvertisementReceived(
            own.primary_address, message.priority, own.advertisement_interval
        )
        receiver = self.host(state, message.receiver)
        if receiver.is_running and not receiver.routers[message.segment].is_cut_off:
            move = HostMove(message.segment, heard=heard)
            yield self._with_host(without, message.receiver, move)
        else:
            yield self._outcome(HostStep("unheard"), without, disturbed=False)
        past = self.pasts.values[state[-2]]
        is_new = message.left == self.scope.delay
        if past.left and is_new and HostFault.LOSE in self.scope.kinds:
            lost = (*without[:-2], self.pasts.of(past._replace(left=past.left - 1)), without[-1])
            yield self._outcome(HostStep(f"FAULT: {_text(message)} is lost"), lost, disturbed=True)

    def _cuts(self, state: WorldState, past: HostHistory) -> Iterator[HostOutcome]:
        for segment in range(self.scope.segments):
            if segment in past.cut:
                now = past._replace(cut=past.cut - {segment})
                what = f"segment {segment + 1} is healed"
            elif past.left and HostFault.CUT in self.scope.kinds:
                now = HostHistory(past.left - 1, past.cut | {segment})
                what = f"FAULT: segment {segment + 1} is cut"
            else:
                continue
            after = (*state[:-2], self.pasts.of(now), state[-1])
            yield self._outcome(HostStep(what), after, disturbed=True)

    def _tick(self, state: WorldState) -> HostOutcome:
        messages = self.messages.values[state[-3]]
        views = [self._view(index, state[index]) for index in range(self.size)]
        waits = [view.wait for view in views if view.wait is not None]
        waits += [message.left for message in messages]
        passed = min([self.scope.quantum, *waits])
        after = (
            *(self._aged(index, state[index], passed) for index in range(self.size)),
            self.messages.of(
                tuple(one._replace(left=Nanoseconds(one.left - passed)) for one in messages)
            ),
            state[-2],
            self._later(state[-1], passed),
        )
        clocks, scene = self.clocks.values[after[-1]], self._scene(*after[:-1])
        broken = broken_bound(clocks, scene, self.scope)
        return NextState(HostStep("tick", passed=passed), after, broken)

    def _outcome(self, step: HostStep, state: WorldState, *, disturbed: bool) -> HostOutcome:
        scene = self._scene(*state[:-1])
        clocks = self._at_once(state[-1], scene, disturbed)
        return NextState(step, (*state[:-1], clocks))

    def _send(self, number: int, sender: int, sent: tuple[Sent, ...], cut: frozenset[int]) -> int:
        new = [
            OnSegment(one.router, receiver, sender, one.priority, self.scope.delay)
            for one in sent
            for receiver in range(self.size)
            if receiver != sender and one.router not in cut
        ]
        return self.messages.of(tuple(sorted((*self.messages.values[number], *new))))

    # What follows is computed once for each argument.

    def _move(
        self, index: int, number: int, move: HostMove
    ) -> tuple[int, tuple[Sent, ...], Promise | None, str]:
        moved = self._moves[index].take(self.hosts.values[number], move)
        return self.hosts.of(moved.host), moved.sent, moved.broken, moved.detail

    def _age(self, index: int, number: int, passed: Nanoseconds) -> int:
        return self.hosts.of(aged(self.hosts.values[number], passed, index, self.scope))

    def _clocks_at_once(self, number: int, scene: HostScene, disturbed: bool) -> int:  # noqa: FBT001 (a key of a cache)
        return self.clocks.of(
            clocks_at_once(self.clocks.values[number], scene, disturbed=disturbed)
        )

    def _clocks_later(self, number: int, passed: Nanoseconds) -> int:
        return self.clocks.of(clocks_later(self.clocks.values[number], passed, self.scope))

    def _look_around(self, *numbers: int) -> HostScene:
        views = tuple(self._view(index, numbers[index]) for index in range(self.size))
        return scene_of(views, self.pasts.values[numbers[-1]].cut, self.scope)


def _text(message: OnSegment) -> str:
    return (
        f"priority {message.priority} of node {message.sender + 1} on segment {message.segment + 1}"
    )


def _expected(outcome: HostOutcome) -> int:
    """Rank the steps of a history without faults: what comes first, happens first."""
    move = outcome.step.move
    if outcome.step.what == "tick":
        return 3
    if not isinstance(move, HostMove):
        return 5
    if move.heard is not None:
        return 1
    ranks = {HostMoveName.REMOVED: 0, HostMoveName.TIMER: 2, HostMoveName.LOOK: 4}
    return 5 if move.what is None else ranks.get(move.what, 5)
