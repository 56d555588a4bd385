"""One host during one move: its virtual routers, in the real groups, and what it promises."""

from collections.abc import Callable
from typing import NamedTuple

from pyvrrp.ports import Handle
from pyvrrp.runtime.router.group import Group
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.hosts.live_router import LiveRouter
from pyvrrp.simulator.exhaustive.hosts.router_state import HostState
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.node_state import NOW
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import Action
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, State


class Sent(NamedTuple):
    """What one virtual router of a host sent."""

    router: int
    priority: int


class GroupView(NamedTuple):
    """What the promises want to know of one group of one host.

    ``is_able``: nothing speaks against it. ``is_only_fenced``: nothing but perhaps a fence does.
    ``serves``: all of it is MASTER. ``stands``: as last resort. ``defers``: it preempts nobody.
    """

    is_able: bool
    is_only_fenced: bool
    serves: bool
    stands: bool
    defers: bool
    priority: int


class _StandingClock:
    """The clock of one move, in which no time passes."""

    def now(self) -> Nanoseconds:
        """Return the present."""
        return NOW

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> Handle:
        """Refuse: the search itself looks for what is due."""
        raise NotImplementedError(when, callback)


class LiveHost:
    """A host during one move."""

    def __init__(self, scope: HostScope, index: int, host: HostState) -> None:
        self._scope = scope
        self.sent: list[Sent] = []
        self._broken: Promise | None = None
        self.routers: list[LiveRouter] = []
        name = "edge" if scope.is_group else ""
        self.groups = [Group(_StandingClock(), name) for _ in scope.groups]
        for group, numbers, claiming in zip(self.groups, scope.groups, host.claiming, strict=True):
            group.claiming = claiming
            for number in numbers:
                kept = host.routers[number]
                self.routers.append(LiveRouter(self, group, number, kept, index, scope))

    def start(self) -> None:
        """Begin to take part, where nothing is in the way."""
        for group in self.groups:
            group.consider()

    def keep(self, *, is_running: bool) -> HostState:
        """Return what the search keeps of it."""
        claiming = tuple(group.claiming for group in self.groups)
        routers = tuple(one.keep() for one in self.routers)
        return HostState(is_running, routers, claiming)

    @property
    def broken(self) -> Promise | None:
        """The promise that the move broke, if any."""
        return self._broken or self._wrong()

    @property
    def actions(self) -> tuple[tuple[int, Action], ...]:
        """What the elections asked for: the number of the virtual router, and the action."""
        return tuple((one.number, action) for one in self.routers for action in one.actions)

    # What a virtual router asks.

    def sends(self, number: int, before: State, priority: int) -> None:
        """Take note that the virtual router *number* sends *priority*; it was in *before*."""
        router = self.routers[number]
        if not router.kept.is_cut_off:
            self.sent.append(Sent(number, priority))
        if priority != RELEASE:
            if router.is_out and not isinstance(before, Master):
                self._broken = self._broken or Promise.ONLY_MASTER_SENDS
            return
        hands_over = isinstance(before, Master) and isinstance(router.state, HandingOver)
        group = [one for one in self.routers if one.group is router.group]
        gone = not any(one.kept.held or one.kept.wanted for one in group)
        if not gone and not hands_over:
            self._broken = self._broken or Promise.GOODBYE_OF_ALL

    def preempts_although_resigned(self) -> None:
        """Take note that a virtual router that resigned takes the addresses from a master."""
        self._broken = self._broken or Promise.RESIGNED_PREEMPTS_NOBODY

    def held_beside(self, number: int) -> int:
        """Return how many other virtual routers the host holds, as `Supervisor.held_here`."""
        others = (one for one in self.routers if one.number != number)
        return sum(not isinstance(one.state, Init | Backup) for one in others)

    # What the search asks.

    def waits(self) -> list[Nanoseconds]:
        """Return how long it is until each thing that must happen."""
        found: list[Nanoseconds] = []
        for one in self.routers:
            due = one.next_alarm()
            if due is not None and (due > NOW or not self._waits_for_mates(one)):
                found.append(Nanoseconds(due - NOW))
            if one.kept.removal is not None:
                found.append(one.kept.removal)
            look = one.looks_in()
            if look is not None:
                found.append(look)
        return found

    def is_unserved(self, number: int, *, looks: bool) -> bool:
        """Tell whether the router *number* has yet to do what is due.

        *looks*: to decide about the last resort; otherwise to serve its timer.
        """
        router = self.routers[number]
        if looks:
            return router.looks_in() == 0
        due = router.next_alarm()
        return due is not None and due <= NOW and not self._waits_for_mates(router)

    def _waits_for_mates(self, router: LiveRouter) -> bool:
        """Tell whether a claim is due for *router*, and not yet for all of its group."""
        mates = [one for one in self.routers if one.group is router.group]
        return router.is_due and not all(one.is_due for one in mates)

    def group_view(self, numbers: tuple[int, ...]) -> "GroupView":
        """Return what the promises want to know of one group."""
        members = [self.routers[number] for number in numbers]
        return GroupView(
            is_able=all(one.kept.is_able for one in members),
            is_only_fenced=not any(one.kept.is_cut_off or one.kept.is_drained for one in members),
            serves=all(isinstance(one.state, Master) for one in members),
            stands=any(one.kept.stands for one in members),
            defers=any(one.kept.is_resigned for one in members),
            priority=members[0].parameters.priority,
        )

    def _wrong(self) -> Promise | None:
        if any(one.kept.wanted is not one.answers for one in self.routers):
            return Promise.ONLY_MASTER_HOLDS
        unwanted = [one.kept for one in self.routers if one.kept.held and not one.kept.wanted]
        if any(kept.removal is None for kept in unwanted):
            return Promise.REMOVED_IN_TIME
        for group in self.groups:
            states = [member.state for member in group.members]
            some = any(isinstance(state, Master) for state in states)
            if some and any(isinstance(state, Init | Backup) for state in states):
                return Promise.TOGETHER
        return None
