"""All nodes and the network between them: which steps there are, and where each leads.

A state of the world is a short tuple of numbers; each stands for a node, for the messages under
way, and so on. What one node does depends on nothing but the node and the event, so it is computed
once and looked up from then on. That is what makes hundreds of thousands of states affordable.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, TypeAlias

from pyvrrp.simulator.exhaustive.outcomes import NextState, Numbering, WorldState
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.durations import (
    Durations,
    Overview,
    at_once,
    later,
    overdue,
)
from pyvrrp.simulator.exhaustive.routers.messages import (
    Messages,
    MessageUnderWay,
    NodePair,
    postponed,
    sent,
    without,
)
from pyvrrp.simulator.exhaustive.routers.messages import aged as aged_messages
from pyvrrp.simulator.exhaustive.routers.moves import MoveName, MoveResult, NodeMove, NodeMoves
from pyvrrp.simulator.exhaustive.routers.node_state import (
    HeardAdvertisement,
    NodeState,
    ProcessState,
)
from pyvrrp.simulator.exhaustive.routers.node_state import aged as aged_node
from pyvrrp.simulator.exhaustive.routers.node_view import view_of
from pyvrrp.simulator.exhaustive.scope import (
    Scope,
    SearchedFault,
    SearchStart,
    StepFunction,
    expected_skew,
)
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import Master

LOCAL_FAULTS: dict[MoveName, SearchedFault] = {
    "close fence": SearchedFault.FENCE,
    "crash": SearchedFault.CRASH,
    "stall": SearchedFault.STALL,
    "slow kernel": SearchedFault.SLOW_KERNEL,
    "refused addition": SearchedFault.REFUSED_ADDITION,
    "refused removal": SearchedFault.REFUSED_REMOVAL,
}
DISTURBING = frozenset({*LOCAL_FAULTS, "open fence", "start", "go on", "hand over", "try again"})


class FaultHistory(NamedTuple):
    """The faults so far: how many are left, which kinds there were, which links are cut."""

    left: int
    handovers: int = 0
    seen: frozenset[SearchedFault] = frozenset()
    missing: int = 0
    cut: frozenset[NodePair] = frozenset()


class SearchStep(NamedTuple):
    """One step of the world: what happened, to whom, and how long it took."""

    what: str
    node: int | None = None
    message: MessageUnderWay | None = None
    move: NodeMove | None = None
    passed: Nanoseconds = Nanoseconds(0)


RouterOutcome: TypeAlias = NextState[SearchStep]


class StateSpace:
    """The steps of one scope."""

    def __init__(self, scope: Scope, step: StepFunction) -> None:
        self.scope = scope
        self.size = len(scope.routers)
        self._moves = [NodeMoves(scope, index, step) for index in range(self.size)]
        self.nodes: Numbering[NodeState] = Numbering()
        self.messages: Numbering[Messages] = Numbering()
        self.pasts: Numbering[FaultHistory] = Numbering()
        self.clocks: Numbering[Durations] = Numbering()
        # Each of these is asked the same over and over again.
        self._facts = cache(lambda number: view_of(self.nodes.values[number], scope))
        self._moved = cache(self._move)
        self._scene = cache(self._look_around)
        self._at_once = cache(self._clocks_at_once)
        self._later = cache(self._clocks_later)
        self._aged = cache(self._age)
        self._sent = cache(self._send)

    def first(self) -> WorldState:
        """Return the state in which all histories begin."""
        state = self._cold()
        if self.scope.start is SearchStart.SETTLED:
            while self.clocks.values[state[-1]].quiet < self.scope.settling:
                state = min(self.outcomes(state), key=_expected).state
        return state

    def _cold(self) -> WorldState:
        nobody = self.nodes.of(NodeState())
        start = (
            self.messages.of(()),
            self.pasts.of(FaultHistory(self.scope.faults, self.scope.handovers)),
            self.clocks.of(Durations()),
        )
        return (*(nobody for _ in range(self.size)), *start)

    def node(self, state: WorldState, index: int) -> NodeState:
        """Return one node of *state*."""
        return self.nodes.values[state[index]]

    def moved(self, state: WorldState, index: int, move: NodeMove) -> MoveResult:
        """Return what *move* makes of one node of *state*."""
        return self._moves[index].take(self.node(state, index), move)

    def outcomes(self, state: WorldState) -> Iterator[RouterOutcome]:
        """Yield every step that there is from *state*."""
        past = self.pasts.values[state[-2]]
        urgent = False
        for index in range(self.size):
            facts = self._facts(state[index])
            urgent = urgent or facts.urgent
            for word in facts.moves:
                if word == "hand over":
                    if past.handovers:
                        yield self._hand_over(state, index, past)
                    continue
                if word == "hear announcement" and not self._is_announced(state, index):
                    continue
                fault = LOCAL_FAULTS.get(word)
                if fault is None or (past.left and fault in self.scope.kinds):
                    yield self._with_node(state, index, word, fault, None)
        for message in dict.fromkeys(self.messages.values[state[-3]]):
            urgent = urgent or message.left == 0
            yield from self._with_message(state, message, past)
        yield from self._cuts(state, past)
        if not urgent:
            yield self._tick(state)

    def _is_announced(self, state: WorldState, index: int) -> bool:
        """Tell whether another node may have announced by now, and the node hears it or not."""
        others = (other for other in range(self.size) if other != index)
        return any(self._facts(state[other]).announces for other in others)

    def _hand_over(self, state: WorldState, index: int, past: FaultHistory) -> RouterOutcome:
        asked = past._replace(handovers=past.handovers - 1)
        before = self._replaced(state, past=asked)
        return self._with_node(before, index, "hand over", None, None)

    def _with_message(
        self, state: WorldState, message: MessageUnderWay, past: FaultHistory
    ) -> Iterator[RouterOutcome]:
        rest = without(self.messages.values[state[-3]], message)
        index = message.receiver
        if self._facts(state[index]).hears:
            arrived = self._replaced(state, messages=rest)
            yield self._with_node(arrived, index, message.heard, None, message)
        if not past.left or message.late:
            return
        if SearchedFault.DUPLICATE in self.scope.kinds and self._facts(state[index]).hears:
            yield self._with_node(state, index, message.heard, SearchedFault.DUPLICATE, message)
        if message.left != self.scope.delay:
            return  # what is lost or late is so from the beginning
        if SearchedFault.LOSE in self.scope.kinds:
            lost = self._replaced(state, messages=rest, past=_after(past, SearchedFault.LOSE))
            yield self._outcome(SearchStep("lose", index, message), lost, disturbed=True)
        if SearchedFault.DELAY in self.scope.kinds:
            late = postponed(self.messages.values[state[-3]], message, self.scope.late)
            delayed = self._replaced(state, messages=late, past=_after(past, SearchedFault.DELAY))
            yield self._outcome(SearchStep("delay", index, message), delayed, disturbed=True)

    def _cuts(self, state: WorldState, past: FaultHistory) -> Iterator[RouterOutcome]:
        if past.cut:
            healed = self._replaced(state, past=past._replace(cut=frozenset()))
            yield self._outcome(SearchStep("heal"), healed, disturbed=True)
        elif past.left and SearchedFault.CUT in self.scope.kinds:
            for what, links in _cuts(self.size):
                cut = _after(past, SearchedFault.CUT)._replace(cut=links)
                yield self._outcome(
                    SearchStep(what), self._replaced(state, past=cut), disturbed=True
                )

    def _with_node(
        self,
        state: WorldState,
        index: int,
        move: NodeMove,
        fault: SearchedFault | None,
        message: MessageUnderWay | None,
    ) -> RouterOutcome:
        number, priorities, broken, detail, silent = self._moved(index, state[index], move)
        past = self.pasts.values[state[-2]]
        if silent is not None:
            broken = broken or self._silence(state, past, silent, index)
        after = (*state[:index], number, *state[index + 1 :])
        if priorities:
            messages = self._sent(state[-3], index, priorities, past.cut)
            after = (*after[:-3], messages, *after[-2:])
        if fault is not None:
            after = self._replaced(after, past=_after(past, fault))
        what = move if isinstance(move, str) else ("duplicate" if fault else "hear")
        step = SearchStep(what, index, message, move)
        disturbed = isinstance(move, str) and move in DISTURBING
        outcome = self._outcome(step, after, disturbed=disturbed)
        return outcome._replace(broken=broken, detail=detail) if broken else outcome

    def _tick(self, state: WorldState) -> RouterOutcome:
        messages = self.messages.values[state[-3]]
        waits = (self._facts(state[index]).wait for index in range(self.size))
        nearest = [self.scope.quantum, *(wait for wait in waits if wait is not None)]
        passed = min(nearest + [message.left for message in messages])
        scene = self._scene(*state[:-1])
        after = (
            *(self._aged(index, state[index], passed) for index in range(self.size)),
            self._aged(None, state[-3], passed),
            state[-2],
            self._later(state[-1], scene, passed),
        )
        clocks, now = self.clocks.values[after[-1]], self._scene(*after[:-1])
        broken = overdue(clocks, now, self.scope)
        return NextState(SearchStep("tick", passed=passed), after, broken)

    def _outcome(self, step: SearchStep, state: WorldState, *, disturbed: bool) -> RouterOutcome:
        scene = self._scene(*state[:-1])
        clocks = self._at_once(state[-1], scene, disturbed)
        if clocks != state[-1]:
            state = (*state[:-1], clocks)
        silent = self.scope.answered and not scene.running_holders
        return NextState(step, state, Promise.ANSWERED if silent else None)

    def _silence(
        self, state: WorldState, past: FaultHistory, silent: int, claimant: int
    ) -> Promise | None:
        other = self.node(state, silent)
        router = self.scope.routers[claimant]
        if other.process is ProcessState.RUNNING:
            kinds = frozenset({SearchedFault.LOSE, SearchedFault.DELAY, SearchedFault.DUPLICATE})
            skew = expected_skew(router, router.advertisement_interval)
            tolerated = 2 if skew > self.scope.delay else 1
            moved = past.handovers < self.scope.handovers
            applies = past.seen <= kinds and past.missing <= tolerated and not moved
            wrong = applies and isinstance(other.state, Master)
            return Promise.TWO_MISSING if wrong else None
        in_time = not past.seen & {SearchedFault.LOSE, SearchedFault.DELAY, SearchedFault.CUT}
        # A node that hands over renews its lease until it gives up; see docs/verification.md.
        in_time = in_time and past.handovers == self.scope.handovers
        return Promise.DEAD_ONE_IS_GONE if in_time and other.held else None

    def _replaced(
        self,
        state: WorldState,
        *,
        messages: Messages | None = None,
        past: FaultHistory | None = None,
    ) -> WorldState:
        return (
            *state[:-3],
            state[-3] if messages is None else self.messages.of(messages),
            state[-2] if past is None else self.pasts.of(past),
            state[-1],
        )

    # What follows is computed once for each argument.

    def _move(
        self, index: int, number: int, move: NodeMove
    ) -> tuple[int, tuple[int, ...], Promise | None, str, int | None]:
        moved = self._moves[index].take(self.nodes.values[number], move)
        return self.nodes.of(moved.node), moved.sent, moved.broken, moved.detail, moved.silent

    def _send(
        self, number: int, sender: int, priorities: tuple[int, ...], cut: frozenset[NodePair]
    ) -> int:
        new = [
            MessageUnderWay(receiver, HeardAdvertisement(sender, priority), self.scope.delay)
            for priority in priorities
            for receiver in range(self.size)
            if receiver != sender and (sender, receiver) not in cut
        ]
        return self.messages.of(sent(self.messages.values[number], new))

    def _age(self, index: int | None, number: int, passed: Nanoseconds) -> int:
        if index is None:
            return self.messages.of(aged_messages(self.messages.values[number], passed))
        return self.nodes.of(
            aged_node(self.nodes.values[number], passed, self.scope.routers[index])
        )

    def _clocks_at_once(self, number: int, scene: Overview, disturbed: bool) -> int:  # noqa: FBT001 (a key of a cache)
        clocks = self.clocks.values[number]
        return self.clocks.of(at_once(clocks, scene, self.scope, disturbed=disturbed))

    def _clocks_later(self, number: int, scene: Overview, passed: Nanoseconds) -> int:
        return self.clocks.of(later(self.clocks.values[number], scene, passed, self.scope))

    def _look_around(self, *numbers: int) -> Overview:
        facts = [self._facts(numbers[index]) for index in range(self.size)]
        eligible = [self.scope.routers[i] for i, one in enumerate(facts) if one.eligible]
        masters = [self.scope.routers[i] for i, one in enumerate(facts) if one.master]
        undisturbed = (
            not self.pasts.values[numbers[-1]].cut
            and not any(message.late for message in self.messages.values[numbers[-2]])
            and not any(one.slow for one in facts)
        )
        willing = [
            self.scope.routers[i] for i, one in enumerate(facts) if one.eligible and not one.defers
        ]
        best = max((router.priority for router in willing), default=0)
        preempted = all(router.preempt or router.priority != best for router in eligible)
        right = not preempted or any(router.priority == best for router in masters)
        return Overview(
            masters=len(masters),
            running_holders=sum(one.holds for one in facts),
            vacant=bool(eligible) and not any(one.on_the_wire for one in facts),
            undisturbed=undisturbed,
            settled=len(masters) == bool(eligible) and (not eligible or right),
        )


def _expected(outcome: RouterOutcome) -> int:
    """Rank the steps of a history without faults: what comes first, happens first."""
    order = ("start", "follow fence", "removed", "added", "hear", "timer", "tick")
    return order.index(outcome.step.what) if outcome.step.what in order else len(order)


def _after(past: FaultHistory, fault: SearchedFault) -> FaultHistory:
    missing = past.missing + (fault in {SearchedFault.LOSE, SearchedFault.DELAY})
    return past._replace(left=past.left - 1, seen=past.seen | {fault}, missing=min(missing, 3))


@cache
def _cuts(size: int) -> tuple[tuple[str, frozenset[NodePair]], ...]:
    pairs = [(a, b) for a in range(size) for b in range(size) if a != b]
    one_way = [(f"cut from node {a + 1} to node {b + 1}", frozenset({(a, b)})) for a, b in pairs]
    isolated = [
        (f"cut off node {node + 1}", frozenset(pair for pair in pairs if node in pair))
        for node in range(size if size > 2 else 1)  # noqa: PLR2004 (two nodes: either is both)
    ]
    return tuple(one_way + isolated)
