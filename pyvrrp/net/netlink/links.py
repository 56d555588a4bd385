"""Watch interfaces and their addresses: an event only says where to look, then all is read.

A state that is read as a whole stays right even if events were lost or merged.
"""

import asyncio
import errno
from collections.abc import Callable

from pyvrrp.errors import KernelError
from pyvrrp.identity import Place
from pyvrrp.net.netlink.interface_state import read_state
from pyvrrp.net.netlink.link_events import LinkEvents, Touched
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.ports import InterfaceState

_RETRY_SECONDS = 0.1


class _Subscription:
    """One caller that watches one interface."""

    __slots__ = ("_changed", "_last", "_leave")

    def __init__(
        self,
        changed: Callable[[InterfaceState], None],
        leave: Callable[["_Subscription"], None],
    ) -> None:
        self._changed = changed
        self._leave: Callable[[_Subscription], None] | None = leave
        self._last: InterfaceState | None = None

    def cancel(self) -> None:
        """Report nothing any more. A second call does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave(self)

    def tell(self, state: InterfaceState) -> None:
        """Report *state* if it differs from the state that was reported last."""
        if self._leave is not None and state != self._last:
            self._last = state
            self._changed(state)


class _Watched:
    """One interface with at least one watcher."""

    __slots__ = ("again", "place", "reading", "state", "subscriptions")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.state: InterfaceState | None = None
        self.reading = False
        self.again = False
        self.subscriptions: list[_Subscription] = []


class LinkWatcher:
    """Implements `ports.Links`; the kernel thread reads the states."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: KernelThread, sockets: NamespaceSockets
    ) -> None:
        self._loop = loop
        self._thread = thread
        self._sockets = sockets
        self._watched: dict[Place, _Watched] = {}
        self._events: dict[str, LinkEvents] = {}

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> _Subscription:
        """Report the state of *place* soon, and again after each change.

        Raises KernelError if there is no such network namespace.
        """
        if place.netns not in self._events:
            self._events[place.netns] = self._listen(place.netns)
        watched = self._watched.setdefault(place, _Watched(place))
        subscription = _Subscription(changed, lambda leaver: self._leave(watched, leaver))
        watched.subscriptions.append(subscription)
        self._look(watched)
        return subscription

    def close(self) -> None:
        """Stop watching everything."""
        for watched in tuple(self._watched.values()):
            for subscription in tuple(watched.subscriptions):
                subscription.cancel()

    @property
    def losses(self) -> int:
        """How often events may have been lost, so that all states were read anew."""
        return sum(events.losses for events in self._events.values())

    def _listen(self, netns: str) -> LinkEvents:
        return LinkEvents(
            self._loop,
            netns,
            touched=lambda touched: self._touched(netns, touched),
            lost=lambda: self._look_everywhere(netns),
        )

    def _leave(self, watched: _Watched, leaver: _Subscription) -> None:
        watched.subscriptions.remove(leaver)
        if watched.subscriptions:
            return
        place = watched.place
        del self._watched[place]
        if all(other.netns != place.netns for other in self._watched):
            self._events.pop(place.netns).close()

    def _touched(self, netns: str, touched: Touched) -> None:
        named = self._watched.get(Place(netns, touched.name))
        if named is not None:
            self._look(named)
        for watched in tuple(self._watched.values()):
            if watched is not named and _is(watched, netns, touched.index):
                self._look(watched)

    def _look_everywhere(self, netns: str) -> None:
        for watched in tuple(self._watched.values()):
            if watched.place.netns == netns:
                self._look(watched)

    def _look(self, watched: _Watched) -> None:
        if watched.reading:
            # The state that is being read may be older than the event.
            watched.again = True
            return
        watched.reading = True
        watched.again = False
        self._thread.submit(
            lambda: read_state(self._sockets, watched.place),
            lambda outcome: self._seen(watched, outcome),
        )

    def _seen(self, watched: _Watched, outcome: InterfaceState | KernelError) -> None:
        watched.reading = False
        if self._watched.get(watched.place) is not watched:
            return
        if isinstance(outcome, InterfaceState):
            self._report(watched, outcome)
        elif outcome.code == errno.ENOENT:
            # The network namespace is gone.
            self._report(watched, InterfaceState())
        else:
            self._loop.call_later(_RETRY_SECONDS, self._look, watched)
            return
        if watched.again:
            self._look(watched)

    def _report(self, watched: _Watched, state: InterfaceState) -> None:
        watched.state = state
        for subscription in tuple(watched.subscriptions):
            subscription.tell(state)


def _is(watched: _Watched, netns: str, index: int) -> bool:
    return (
        watched.place.netns == netns and watched.state is not None and watched.state.index == index
    )
