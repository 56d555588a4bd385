"""A trace for people: what happened, when, and the state of every node then."""

from typing import assert_never

from pyvrrp.simulator.exhaustive.outcomes import Path, TraceLine, WorldState, timeline
from pyvrrp.simulator.exhaustive.routers.node_state import NodeState, ProcessState
from pyvrrp.simulator.exhaustive.routers.state_space import SearchStep, StateSpace
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
from pyvrrp.virtual_router.states import HandingOver, Releasing, State, name

WORDS = {
    "timer": "its timer fires",
    "follow fence": "follows its fence",
    "read socket": "reads what waits in its socket",
    "removed": "the kernel has removed its addresses",
    "added": "the kernel has added its addresses",
    "hear announcement": "hears that its successor announces",
    "close fence": "FAULT: its fence closes",
    "open fence": "its fence opens",
    "crash": "FAULT: its process dies",
    "start": "its process starts",
    "stall": "FAULT: its process stands still",
    "go on": "its process goes on",
    "hand over": "its operator has it resign",
    "slow kernel": "FAULT: the kernel takes its time to remove its addresses",
    "refused addition": "FAULT: the kernel refuses to add its addresses",
    "refused removal": "FAULT: the kernel refuses to remove its addresses",
    "try again": "may try again to add its addresses",
}


def tell(world: StateSpace, path: Path[SearchStep], last: WorldState) -> tuple[TraceLine, ...]:
    """Return the steps of *path*, which leads to *last*, as people read them."""
    return tuple(
        TraceLine(
            seconds,
            _text(world, before, step),
            tuple(_node(world.node(after, index)) for index in range(world.size)),
        )
        for seconds, before, step, after in timeline(path, last)
    )


def _node(node: NodeState) -> str:
    """Return process and state in a fixed width; a star says that the kernel has the addresses."""
    match node.process:
        case ProcessState.DEAD:
            word = "dead"
        case ProcessState.STANDING:
            word = f"({name(node.state).lower()})"
        case ProcessState.RUNNING:
            word = state_word(node.state)
    fence = "" if node.fence_open else "#"
    return f"{word}{'*' if node.held else ''}{fence}".ljust(11)


def state_word(state: State) -> str:
    """Return the name of *state* in a trace, which tells apart the ways out of MASTER."""
    match state:
        case Releasing():
            return "RELEASING"
        case HandingOver():
            return "HANDOVER"
        case _:
            return name(state)


def _text(world: StateSpace, before: WorldState, step: SearchStep) -> str:
    if step.what == "tick":
        return "time passes, and nothing more happens"
    if step.node is None:
        return "all cuts are healed" if step.what == "heal" else f"FAULT: {step.what}"
    text = f"node {step.node + 1}: {_what(step)}"
    if step.move is None:
        return text
    done = world.moved(before, step.node, step.move).actions
    return "; ".join((text, *filter(None, map(action_text, done))))


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


def action_text(action: Action) -> str:
    """Return what *action* does in words, empty if it tells nothing."""
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
