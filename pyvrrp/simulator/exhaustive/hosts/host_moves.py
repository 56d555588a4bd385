"""Everything that can happen to one host, and the promises that each move must keep."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from pyvrrp.simulator.exhaustive.hosts.host_scope import HostFault, HostScope
from pyvrrp.simulator.exhaustive.hosts.live_host import GroupView, LiveHost, Sent
from pyvrrp.simulator.exhaustive.hosts.live_router import LiveRouter
from pyvrrp.simulator.exhaustive.hosts.router_state import HostState, RouterState
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.routers.node_state import NOW
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import Action
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.states import Master


class HostMoveName(StrEnum):
    """What can happen to a host, besides that it hears an advertisement."""

    START = "its process starts"
    CRASH = "FAULT: its process dies"
    CLOSE_FENCE = "FAULT: its fence closes"
    OPEN_FENCE = "its fence opens"
    LINK_DOWN = "FAULT: its link goes down"
    LINK_UP = "its link is up"
    DRAIN = "FAULT: its operator drains it"
    UNDRAIN = "its operator undoes the drain"
    RESIGN = "FAULT: its operator has it resign"
    UNDO_RESIGN = "its operator undoes the order to resign"
    TIMER = "its timer fires"
    REMOVED = "the kernel has removed its addresses"
    LOOK = "looks whether nobody serves"


class HostMove(NamedTuple):
    """A move of one virtual router of a host: it hears *heard*, or *what* happens."""

    router: int
    what: HostMoveName | None = None
    heard: AdvertisementReceived | None = None


FAULTS = {
    HostMoveName.CRASH: HostFault.CRASH,
    HostMoveName.CLOSE_FENCE: HostFault.FENCE,
    HostMoveName.LINK_DOWN: HostFault.LINK,
    HostMoveName.DRAIN: HostFault.DRAIN,
    HostMoveName.RESIGN: HostFault.RESIGN,
}
REPAIRS = {
    HostMoveName.START,
    HostMoveName.OPEN_FENCE,
    HostMoveName.LINK_UP,
    HostMoveName.UNDRAIN,
    HostMoveName.UNDO_RESIGN,
}


class HostMoved(NamedTuple):
    """The host afterwards, what it sent and did, and the promise that it broke, if any."""

    host: HostState
    sent: tuple[Sent, ...] = ()
    actions: tuple[tuple[int, Action], ...] = ()
    broken: Promise | None = None
    detail: str = ""


class HostView(NamedTuple):
    """The moves of one host, whether one of them cannot wait, and how long the next one can."""

    moves: tuple[HostMove, ...]
    is_urgent: bool
    wait: Nanoseconds | None
    is_running: bool
    groups: tuple[GroupView, ...]


class HostMoves:
    """The moves of one host of a scope."""

    def __init__(self, scope: HostScope, index: int) -> None:
        self._scope = scope
        self._index = index

    def dead(self) -> HostState:
        """Return the host before its process is started."""
        router = RouterState(is_fenced=self._scope.starts_fenced)
        routers = (router,) * self._scope.segments
        claiming = (False,) * len(self._scope.groups)
        return HostState(is_running=False, routers=routers, claiming=claiming)

    def take(self, host: HostState, move: HostMove) -> HostMoved:
        """Return what *move* makes of *host*."""
        if move.what is HostMoveName.CRASH:
            routers = tuple(map(_fresh, host.routers))
            return HostMoved(self.dead()._replace(routers=routers))
        live = LiveHost(self._scope, self._index, host)
        try:
            _take(live, move)
        except Exception as error:  # noqa: BLE001 (that it raises nothing is what is checked)
            return HostMoved(host, broken=Promise.NO_EXCEPTION, detail=repr(error))
        kept = live.keep(is_running=host.is_running or move.what is HostMoveName.START)
        broken = live.broken
        if kept == host and live.is_unserved(move.router, looks=move.what is HostMoveName.LOOK):
            is_due = move.what in {HostMoveName.TIMER, HostMoveName.LOOK}
            broken = broken or (Promise.TIMER_IS_SERVED if is_due else None)
        return HostMoved(kept, tuple(live.sent), live.actions, broken)

    def view(self, host: HostState) -> HostView:
        """Return what the search wants to know of *host*."""
        live = LiveHost(self._scope, self._index, host)
        due = live.waits() if host.is_running else []
        moves = tuple(self._moves(host, live))
        return HostView(
            moves=moves,
            is_urgent=any(left <= 0 for left in due),
            wait=min((left for left in due if left > 0), default=None),
            is_running=host.is_running,
            groups=tuple(live.group_view(numbers) for numbers in self._scope.groups),
        )

    def _moves(self, host: HostState, live: LiveHost) -> Iterator[HostMove]:
        names = HostMoveName
        yield from _faults_and_repairs(host)
        if not host.is_running:
            yield HostMove(0, names.START)
            return
        yield HostMove(0, names.CRASH)
        for router in live.routers:
            due, kept = router.next_alarm(), router.kept
            if due is not None and due <= NOW:
                yield HostMove(router.number, names.TIMER)
            if kept.removal is not None:
                yield HostMove(router.number, names.REMOVED)
            if self._scope.last_resort and (kept.is_fenced or kept.stands):
                yield HostMove(router.number, names.LOOK)
        for first, *_ in self._scope.groups:
            if isinstance(host.routers[first].state, Master):
                yield HostMove(first, names.RESIGN)
            if host.routers[first].is_resigned:
                yield HostMove(first, names.UNDO_RESIGN)


def _faults_and_repairs(host: HostState) -> Iterator[HostMove]:
    names = HostMoveName
    for number, one in enumerate(host.routers):
        yield HostMove(number, names.OPEN_FENCE if one.is_fenced else names.CLOSE_FENCE)
        yield HostMove(number, names.LINK_UP if one.is_cut_off else names.LINK_DOWN)
        if host.is_running:
            yield HostMove(number, names.UNDRAIN if one.is_drained else names.DRAIN)


def _take(host: LiveHost, move: HostMove) -> None:
    router = host.routers[move.router]
    if move.heard is not None:
        router.hear(move.heard)
        return
    match move.what:
        case HostMoveName.START:
            host.start()
        case HostMoveName.TIMER:
            router.deadline_reached()
        case HostMoveName.REMOVED:
            router.removed()
        case HostMoveName.LOOK:
            router.look()
        case HostMoveName.RESIGN:
            for member in router.group.members:
                member.resign_alone()
        case HostMoveName.UNDO_RESIGN:
            for member in router.group.members:
                member.undo_resign_alone()
        case _:
            _change_obstacle(router, move)


def _change_obstacle(router: LiveRouter, move: HostMove) -> None:
    names, kept = HostMoveName, router.kept
    match move.what:
        case names.CLOSE_FENCE | names.OPEN_FENCE:
            router.kept = kept._replace(is_fenced=move.what is names.CLOSE_FENCE)
        case names.LINK_DOWN | names.LINK_UP:
            router.kept = kept._replace(is_cut_off=move.what is names.LINK_DOWN)
        case names.DRAIN | names.UNDRAIN:
            router.kept = kept._replace(is_drained=move.what is names.DRAIN)
        case _:
            return
    router.group.consider()
    if move.what in {names.CLOSE_FENCE, names.OPEN_FENCE}:
        router.look()


def _fresh(one: RouterState) -> RouterState:
    return RouterState(is_fenced=one.is_fenced, is_cut_off=one.is_cut_off)
