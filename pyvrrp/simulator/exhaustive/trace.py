"""A trace for people: what happened, when, and where everybody stood then."""

from dataclasses import dataclass
from typing import assert_never

from pyvrrp.simulator.exhaustive.node_state import NodeState, ProcessState
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.state_space import SearchStep, StateSpace, WorldState
from pyvrrp.units import SECOND
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CeaseAnnouncing,
    CountSuppressed,
    RemoveAddresses,
    ReportHandover,
    ReportSplitBrain,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.states import HandingOver, Releasing, name

WORDS = {
    "timer": "its timer fires",
    "follow fence": "follows its fence",
    "read socket": "reads what waits in its socket",
    "removed": "the kernel has removed its addresses",
    "close fence": "FAULT: its fence closes",
    "open fence": "its fence opens",
    "crash": "FAULT: its process dies",
    "start": "its process starts",
    "stall": "FAULT: its process stands still",
    "go on": "its process goes on",
    "hand over": "its operator has it resign",
    "slow kernel": "FAULT: the kernel takes its time to remove its addresses",
}


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step: seconds since the beginning, what happened, and every node after it."""

    seconds: float
    text: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.seconds:8.3f} s  {' | '.join(self.nodes)}  {self.text}"


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A broken promise and the shortest way there."""

    invariant: Promise
    detail: str
    steps: int
    trace: tuple[TraceLine, ...]


def tell(
    world: StateSpace,
    path: list[tuple[WorldState, SearchStep]],
    last: WorldState,
    broken: Promise,
    detail: str,
) -> BrokenPromise:
    """Return the violation with its trace; the passing of time is told by the times alone."""
    lines: list[TraceLine] = []
    now = 0
    states = [*(state for state, _ in path[1:]), last]
    for (before, step), after in zip(path, states, strict=True):
        now += step.passed
        if step.what == "tick" and after is not last:
            continue
        nodes = tuple(_node(world.node(after, index)) for index in range(world.size))
        lines.append(TraceLine(now / SECOND, _text(world, before, step), nodes))
    return BrokenPromise(broken, detail, len(path), tuple(lines))


def _node(node: NodeState) -> str:
    """Return process and state in a fixed width; a star says that the kernel has the addresses."""
    match node.process:
        case ProcessState.DEAD:
            word = "dead"
        case ProcessState.STANDING:
            word = f"({name(node.state).lower()})"
        case ProcessState.RUNNING:
            word = "RELEASING" if isinstance(node.state, Releasing) else name(node.state)
            word = "HANDOVER" if isinstance(node.state, HandingOver) else word
    fence = "" if node.fence_open else "#"
    return f"{word}{'*' if node.held else ''}{fence}".ljust(11)


def _text(world: StateSpace, before: WorldState, step: SearchStep) -> str:
    if step.what == "tick":
        return "time passes, and nothing more happens"
    if step.node is None:
        return "all cuts are healed" if step.what == "heal" else f"FAULT: {step.what}"
    text = f"node {step.node + 1}: {_what(step)}"
    if step.move is None:
        return text
    done = world.moved(before, step.node, step.move).actions
    return "; ".join((text, *filter(None, map(_action, done))))


def _what(step: SearchStep) -> str:
    if step.message is None:
        return WORDS.get(step.what, step.what)
    sender, priority = step.message.heard
    whose = f"priority {priority} of node {sender + 1}"
    match step.what:
        case "lose":
            return f"FAULT: {whose} is lost on the way to it"
        case "delay":
            return f"FAULT: {whose} will come late to it"
        case "duplicate":
            return f"hears {whose} (FAULT: which will come again)"
        case _:
            return f"hears {whose}"


def _action(action: Action) -> str:
    match action:
        case SendAdvertisement(priority=priority):
            return f"sends priority {priority}"
        case AddAddresses():
            return "takes the addresses"
        case RemoveAddresses():
            return "asks the kernel to remove the addresses"
        case ReportTransition(before=before, after=after, reason=reason):
            return f"{before} -> {after} ({reason})"
        case CeaseAnnouncing():
            return "announces no more"
        case ReportHandover(text=text):
            return text
        case AnnounceAddresses() | ReportSplitBrain() | CountSuppressed():
            return ""
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(action)
