"""Everything that can happen to one node, and what it does: the real `step` decides.

The process around the machine does what ``pyvrrp.runtime`` does: it asks the kernel in order,
reports addresses gone only if they are still unwanted then, starts and shuts down as its fence
says, and reads its socket before it believes that a master is silent.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Literal, NamedTuple, TypeAlias

from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.expected_timers import allowed, reference
from pyvrrp.simulator.exhaustive.routers.node_state import (
    NOW,
    HeardAdvertisement,
    NodeState,
    ProcessState,
    without_reports,
)
from pyvrrp.simulator.exhaustive.scope import Scope, StepFunction, expected_wait
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    NewMasterReason,
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    HandOver,
    Shutdown,
    Startup,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.rules.holding import may_hold
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
)

MoveName: TypeAlias = Literal[
    "timer", "follow fence", "read socket", "removed", "close fence", "open fence", "crash",
    "start", "stall", "go on", "slow kernel", "hand over", "hear announcement", "added",
    "refused addition", "refused removal", "try again",
]  # fmt: skip
KernelMove: TypeAlias = Literal[
    "removed", "added", "slow kernel", "refused addition", "refused removal", "try again"
]
NodeMove: TypeAlias = MoveName | HeardAdvertisement


class MoveResult(NamedTuple):
    """The node afterwards, the priorities it sent, and the promise it broke, if any.

    ``silent`` is the node whose silence made it master.
    """

    node: NodeState
    actions: tuple[Action, ...] = ()
    broken: Promise | None = None
    detail: str = ""
    silent: int | None = None

    @property
    def sent(self) -> tuple[int, ...]:
        """The priorities of what was sent, in order."""
        return tuple(act.priority for act in self.actions if isinstance(act, SendAdvertisement))


class NodeMoves:
    """The moves of one node of a scope."""

    def __init__(self, scope: Scope, index: int, step: StepFunction) -> None:
        self._scope = scope
        self._own = scope.routers[index]
        self._step = step
        addresses = [router.primary_address for router in scope.routers]
        self._number: dict[IPv4Address | IPv6Address, int] = {
            address: number for number, address in enumerate(addresses)
        }

    def take(self, node: NodeState, move: NodeMove) -> MoveResult:
        """Return what *move* makes of *node*."""
        match move:
            case HeardAdvertisement():
                return self._hear(node, move)
            case "timer":
                return self._timer(node)
            case "follow fence":
                return self._follow_fence(node)
            case "read socket":
                return self._read_socket(node)
            case (
                "removed"
                | "added"
                | "slow kernel"
                | "refused removal"
                | "refused addition"
                | "try again"
            ):
                return self._kernel(node, move)
            case "hand over" | "hear announcement":
                resigns = move == "hand over"
                resign = HandOver("resigned", returns=True)
                return self._drive(node, resign if resigns else SuccessorAnnounced())
            case "close fence" | "open fence":
                return self._fence(node, is_open=move == "open fence")
            case "crash" | "start" | "stall" | "go on":
                return self._process(node, move)

    def _timer(self, node: NodeState) -> MoveResult:
        moved = self._drive(node, TimerFired())
        due = deadline(moved.node.state)
        # What it held for its successor it lets go of first; then it may be due at once.
        held = isinstance(node.state, Backup) and node.state.holds_until is not None
        served = due is None or due > NOW or held
        return moved if served else _breaking(moved, Promise.TIMER_IS_SERVED)

    def _follow_fence(self, node: NodeState) -> MoveResult:
        able = may_take_part(node)
        moved = self._drive(node, Startup() if able else Shutdown("fenced"))
        follows = not must_follow_fence(moved.node)
        return moved if follows else _breaking(moved, Promise.FOLLOWS_FENCE)

    def _kernel(self, node: NodeState, move: KernelMove) -> MoveResult:
        match move:
            case "refused addition" | "try again":
                return self._refuse(node, refused=move == "refused addition")
            case "removed":
                return self._removed(node)
            case "added":
                return MoveResult(node._replace(adding=None, held=True, lease=None))
            case "slow kernel":
                return MoveResult(node._replace(removal=self._scope.slow))
            case "refused removal":
                # It is asked again, which may help at any time, until the lease has run out.
                lease = self._scope.lease if node.lease is None else node.lease
                gone = self._scope.certainly_gone
                return MoveResult(node._replace(kept=True, removal=gone, lease=lease))

    def _refuse(self, node: NodeState, *, refused: bool) -> MoveResult:
        """A kernel refuses the addresses; a while later the router takes part again."""
        # It may have added one of several addresses.
        asked = node._replace(adding=None, held=True) if refused else node
        moved = MoveResult(asked._replace(refused=refused))
        return self._after(moved, "follow fence") if must_follow_fence(moved.node) else moved

    def _hear(self, node: NodeState, heard: HeardAdvertisement) -> MoveResult:
        if node.process is ProcessState.DEAD:
            return MoveResult(node)
        if node.process is ProcessState.STANDING:
            # The same advertisement again only changes how often it is counted.
            news = node.socket[-1:] != (heard,)
            return MoveResult(node._replace(socket=(*node.socket, heard)) if news else node)
        sender = self._scope.routers[heard.sender]
        event = AdvertisementReceived(
            sender.primary_address, heard.priority, sender.advertisement_interval
        )
        return self._drive(node, event)

    def _read_socket(self, node: NodeState) -> MoveResult:
        queue, node = node.socket, node._replace(socket=())
        actions: list[Action] = []
        for heard in queue:
            moved = self._hear(node, heard)
            node = moved.node
            actions += moved.actions
            if moved.broken is not None:
                return moved
        return MoveResult(node, tuple(actions))

    def _removed(self, node: NodeState) -> MoveResult:
        if node.wanted:
            # Wanted again meanwhile: they are put back, and nothing is reported.
            return MoveResult(_renewed(node._replace(removal=None, kept=False)))
        gone = self._drive(
            node._replace(removal=None, held=False, lease=None, leftovers=False, kept=False),
            AddressesGone(),
        )
        follows = must_follow_fence(gone.node) and gone.broken is None
        return self._after(gone, "follow fence") if follows else gone

    def _fence(self, node: NodeState, *, is_open: bool) -> MoveResult:
        moved = MoveResult(node._replace(fence_open=is_open))
        running = node.process is ProcessState.RUNNING
        follows = running and must_follow_fence(moved.node)
        return self._after(moved, "follow fence") if follows else moved

    def _after(self, first: MoveResult, move: NodeMove) -> MoveResult:
        second = self.take(first.node, move)
        return second._replace(actions=(*first.actions, *second.actions))

    def _process(
        self, node: NodeState, move: Literal["crash", "start", "stall", "go on"]
    ) -> MoveResult:
        lease = node.lease
        if lease is None and node.held:
            lease = self._scope.lease  # renewed until now, at the latest
        match move:
            case "crash":
                dead = NodeState(
                    ProcessState.DEAD, fence_open=node.fence_open, held=node.held, lease=lease
                )
                return MoveResult(dead)
            case "start":
                # What an earlier process left behind is removed before anything else.
                removal = self._scope.removal if node.held else None
                fresh = node._replace(process=ProcessState.RUNNING)
                return MoveResult(fresh._replace(removal=removal, leftovers=node.held))
            case "stall":
                return MoveResult(node._replace(process=ProcessState.STANDING, lease=lease))
            case "go on":
                woken = node._replace(process=ProcessState.RUNNING)
                return MoveResult(_renewed(woken) if self._may_renew(woken) else woken)

    def _may_renew(self, node: NodeState) -> bool:
        """Whether the last advertisement is young enough, with the limit of the runtime."""
        interval, lease = self._own.advertisement_interval, self._scope.lease
        limit = Nanoseconds(3 * interval - lease if lease <= 2 * interval else 3 * interval)
        match node.state:
            case HandingOver(give_up_at=give_up_at):
                sent_at = give_up_at - self._scope.patience(self._own)
            case Master(adver_at=adver_at):
                sent_at = adver_at - interval
            case _:
                return False
        return node.wanted and may_hold(node.state, self._own, Nanoseconds(sent_at), limit, NOW)

    def _drive(self, node: NodeState, event: Event) -> MoveResult:
        try:
            state, actions = self._step(node.state, event, self._own, NOW)
        except Exception as error:  # noqa: BLE001 (that it raises nothing is what is checked)
            return MoveResult(node, (), Promise.NO_EXCEPTION, repr(error))
        before = node
        node = node._replace(state=without_reports(state, self._own))
        broken: Promise | None = None
        for action in actions:
            node, problem = self._perform(before, node, action)
            broken = broken or problem
        node = reference(before, node, event, self._own)
        broken = broken or _wrong_state(node) or self._wrong_time(before, node)
        return MoveResult(node, actions, broken, silent=self._silent(before, actions))

    def _perform(
        self, before: NodeState, node: NodeState, action: Action
    ) -> tuple[NodeState, Promise | None]:
        match action:
            case SendAdvertisement(priority=priority):
                problem = self._wrong_to_send(before, node, priority)
                return _renewed(node) if node.wanted and priority else node, problem
            case AddAddresses():
                if self._scope.addition and not node.held:
                    return node._replace(wanted=True, adding=self._scope.addition), None
                return node._replace(wanted=True, held=True, lease=None), None
            case RemoveAddresses():
                removal = self._scope.removal if node.removal is None else node.removal
                return node._replace(wanted=False, removal=removal, adding=None), None
            case _:
                return node, None

    def _wrong_to_send(self, before: NodeState, node: NodeState, priority: int) -> Promise | None:
        if priority == RELEASE:
            gone = not node.held and not node.wanted
            hands_over = isinstance(before.state, Master) and isinstance(node.state, HandingOver)
            return None if gone or hands_over else Promise.RELEASE_AFTER_REMOVAL
        if priority != self._own.priority:
            return Promise.OWN_PRIORITY
        was, is_now = before.state, node.state
        patience = expected_wait(self._own, self._own.advertisement_interval)
        if isinstance(was, Master):
            # A master that yields sends one last advertisement.
            return Promise.STALLED_GIVES_WAY if NOW - was.adver_at > patience else None
        if isinstance(was, HandingOver):
            if was.give_up_at > NOW:
                return Promise.ONLY_MASTER_SENDS
            return Promise.STALLED_GIVES_WAY if NOW - was.give_up_at > patience else None
        speaks = isinstance(was, Releasing) or isinstance(is_now, Master)
        return None if speaks else Promise.ONLY_MASTER_SENDS

    def _wrong_time(self, before: NodeState, node: NodeState) -> Promise | None:
        was, is_now = before.state, node.state
        if isinstance(is_now, Master | Releasing):
            interval = self._own.advertisement_interval
            overtaken = isinstance(is_now, Releasing) and is_now.overtaken
            pace = expected_wait(self._own, interval) if overtaken else interval
            if is_now.adver_at > NOW + pace:
                return Promise.PACE
            early = isinstance(was, Backup) and not allowed(before)
            return Promise.NOT_BEFORE_ITS_TIME if early else None
        if isinstance(is_now, HandingOver):
            late = is_now.give_up_at > NOW + self._scope.patience(self._own)
            return Promise.PACE if late else None
        if isinstance(is_now, Backup) and is_now.holds_until is not None:
            until = deadline(is_now)
            late = until is None or until > NOW + self._scope.linger
            return Promise.REMOVED_IN_TIME if late else None
        if isinstance(is_now, Backup):
            preempts_in = node.not_before if node.preempts_in is None else node.preempts_in
            due = deadline(is_now)
            late = due is None or due > NOW + min(node.not_before, preempts_in)
            return Promise.NOT_LATER if late else None
        return None

    def _silent(self, before: NodeState, actions: tuple[Action, ...]) -> int | None:
        state = before.state
        if not isinstance(state, Backup) or state.master is None:
            return None
        silence = any(
            isinstance(action, ReportTransition)
            and action.new_master_reason is NewMasterReason.NO_RESPONSE
            for action in actions
        )
        return self._number.get(state.master.sender) if silence else None


def must_follow_fence(node: NodeState) -> bool:
    """Return whether a running process has yet to start or to shut down, as its fence says."""
    if may_take_part(node):
        return isinstance(node.state, Init) and not node.leftovers
    return isinstance(node.state, Backup | Master | HandingOver)


def may_take_part(node: NodeState) -> bool:
    """Return whether neither its fence nor its kernel keeps a node out."""
    return node.fence_open and not node.refused


def _wrong_state(node: NodeState) -> Promise | None:
    if (deadline(node.state) is None) is not isinstance(node.state, Init):
        return Promise.DEADLINE
    if node.wanted is not _answers(node.state):
        return Promise.ONLY_MASTER_HOLDS
    if node.held and not node.wanted and node.removal is None:
        return Promise.REMOVED_IN_TIME
    return None


def _answers(state: State) -> bool:
    """Whether the router wants its addresses: as master, or for a moment for its successor."""
    lingers = isinstance(state, Backup) and state.holds_until is not None
    return lingers or isinstance(state, Master | HandingOver)


def _breaking(moved: MoveResult, invariant: Promise) -> MoveResult:
    return moved._replace(broken=moved.broken or invariant)


def _renewed(node: NodeState) -> NodeState:
    # Addresses that had expired meanwhile are put back at once.
    return node._replace(lease=None, held=True) if node.adding is None else node
