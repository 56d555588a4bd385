"""What the world wants to know of one node before it looks at the steps there are."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyvrrp.simulator.exhaustive.routers.moves import MoveName, may_take_part, must_follow_fence
from pyvrrp.simulator.exhaustive.routers.node_state import NOW, NodeState, ProcessState
from pyvrrp.simulator.exhaustive.scope import Scope
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import Backup, HandingOver, Master, Releasing, deadline


@dataclass(frozen=True, slots=True)
class NodeView:
    """What the world wants to know of one node, and the moves it has."""

    moves: tuple[MoveName, ...]
    urgent: bool
    wait: Nanoseconds | None
    master: bool
    on_the_wire: bool
    holds: bool
    announces: bool
    eligible: bool
    slow: bool
    hears: bool
    defers: bool


def view_of(node: NodeState, scope: Scope) -> NodeView:
    """Return what the world wants to know of *node*."""
    running = node.process is ProcessState.RUNNING
    due = deadline(node.state) if running else None
    moves = tuple(_moves_of(node, scope))
    waits = [
        Nanoseconds(instant)
        for instant in (
            None if due is None else due - NOW,
            node.removal if running else None,
            node.adding if running else None,
            node.lease,
            node.not_before or None,
            node.preempts_in or None,
        )
        if instant is not None and instant > 0
    ]
    urgent = running and (
        (due is not None and due <= NOW)
        or node.removal == 0
        or node.adding == 0
        or bool(node.socket)
        or must_follow_fence(node)
    )
    return NodeView(
        moves=moves,
        urgent=urgent,
        wait=min(waits, default=None),
        master=running and isinstance(node.state, Master),
        on_the_wire=running and isinstance(node.state, Master | Releasing | HandingOver),
        holds=running and node.held,
        announces=running and node.held and isinstance(node.state, Master),
        eligible=running and may_take_part(node),
        slow=node.removal is not None and node.removal > scope.removal and not node.kept,
        hears=not (running and node.socket),
        defers=isinstance(node.state, Backup) and node.state.defers,
    )


def _moves_of(node: NodeState, scope: Scope) -> Iterator[MoveName]:
    yield "close fence" if node.fence_open else "open fence"
    if node.process is ProcessState.DEAD:
        yield "start"
        return
    yield "crash"
    if node.process is ProcessState.STANDING:
        yield "go on"
        return
    yield "stall"
    due = deadline(node.state)
    reads_first = bool(node.socket) and not isinstance(node.state, Master)
    if due is not None and due <= NOW and not reads_first:
        yield "timer"
    if isinstance(node.state, Master):
        yield "hand over"
    if node.socket:
        yield "read socket"
    if must_follow_fence(node):
        yield "follow fence"
    if _waits_for_announcement(node):
        yield "hear announcement"
    yield from _kernel_moves_of(node, scope)


def _kernel_moves_of(node: NodeState, scope: Scope) -> Iterator[MoveName]:
    if node.adding is not None:
        yield "added"
        yield "refused addition"
    if node.refused:
        yield "try again"
    if node.removal is not None:
        yield "removed"
        if node.removal == scope.removal:
            yield "slow kernel"
            if node.held and not node.kept:
                yield "refused removal"


def _waits_for_announcement(node: NodeState) -> bool:
    match node.state:
        case HandingOver(announced_at=None):
            return True
        case Backup(successor_until=until):
            return until is not None
        case _:
            return False
