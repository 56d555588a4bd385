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
_LONGEST_PAUSE_SECONDS = 0.1


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

    def tell(self, state: InterfaceState, *, in_any_case: bool) -> None:
        """Report *state* if it differs from the state that was reported last, or in any case."""
        if self._leave is not None and (in_any_case or state != self._last):
            self._last = state
            self._changed(state)


class _Watched:
    """One interface with at least one watcher.

    ``busy``: its state is being read, or a pause follows that. ``again``: it must be read once
    more after that. ``uncertain``: events were lost.
    """

    __slots__ = (
        "again",
        "busy",
        "generation",
        "pause",
        "place",
        "state",
        "subscriptions",
        "uncertain",
    )

    def __init__(self, place: Place) -> None:
        self.place = place
        self.state: InterfaceState | None = None
        self.generation = 0
        self.busy = False
        self.again = False
        self.uncertain = False
        self.pause: asyncio.TimerHandle | None = None
        self.subscriptions: list[_Subscription] = []

    @property
    def index(self) -> int:
        """Its index, as far as it is known; 0: none."""
        return 0 if self.state is None else self.state.index


class LinkWatcher:
    """Implements `ports.Links`; the kernel thread reads the states."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: KernelThread, sockets: NamespaceSockets
    ) -> None:
        self._loop = loop
        self._thread = thread
        self._sockets = sockets
        self._watched: dict[Place, _Watched] = {}
        self._by_index: dict[tuple[str, int], set[_Watched]] = {}  # two, if one has an altname
        self._events: dict[str, LinkEvents] = {}

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> _Subscription:
        """Report the state of *place* soon, and again after each change.

        Raises KernelError if the kernel does not let this process listen there.
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
        self._note_index(watched, None)
        if watched.pause is not None:
            watched.pause.cancel()
        if all(other.netns != place.netns for other in self._watched):
            self._events.pop(place.netns).close()

    def _touched(self, netns: str, touched: Touched) -> None:
        here = self._by_index.get((netns, touched.index), set())
        if touched.gone:
            for watched in here:
                watched.generation += 1
        names = (touched.name, *touched.other_names) if touched.name else ()
        named = (self._watched.get(Place(netns, name)) for name in names)
        for watched in {*here, *(one for one in named if one is not None)}:
            self._look(watched)

    def _look_everywhere(self, netns: str) -> None:
        for watched in tuple(self._watched.values()):
            if watched.place.netns == netns:
                watched.uncertain = True
                self._look(watched)

    def _look(self, watched: _Watched) -> None:
        if watched.busy:
            # The state that is being read may be older than the event.
            watched.again = True
            return
        watched.busy = True
        watched.again = False
        began, generation = self._loop.time(), watched.generation
        self._thread.submit(
            lambda: read_state(self._sockets, watched.place, generation),
            lambda outcome: self._seen(watched, outcome, began),
        )

    def _seen(self, watched: _Watched, outcome: InterfaceState | KernelError, began: float) -> None:
        if self._watched.get(watched.place) is not watched:
            return
        pause = _RETRY_SECONDS
        if isinstance(outcome, InterfaceState):
            self._report(watched, outcome)
            # While it changes all the time, half of the time is left for everything else.
            pause = min(self._loop.time() - began, _LONGEST_PAUSE_SECONDS)
        elif outcome.code == errno.ENOENT:
            # The network namespace is gone.
            self._report(watched, InterfaceState())
        else:
            watched.again = True
        if self._watched.get(watched.place) is watched:
            watched.pause = self._loop.call_later(pause, self._go_on, watched)

    def _go_on(self, watched: _Watched) -> None:
        watched.busy = False
        watched.pause = None
        if watched.again:
            self._look(watched)

    def _report(self, watched: _Watched, state: InterfaceState) -> None:
        self._note_index(watched, state)
        uncertain, watched.uncertain = watched.uncertain, False
        for subscription in tuple(watched.subscriptions):
            subscription.tell(state, in_any_case=uncertain)

    def _note_index(self, watched: _Watched, state: InterfaceState | None) -> None:
        """Note the state, and find it by its index from now on."""
        netns, before = watched.place.netns, watched.index
        watched.state = state
        if watched.index == before:
            return
        if before:
            here = self._by_index[netns, before]
            here.discard(watched)
            if not here:
                del self._by_index[netns, before]
        if watched.index:
            self._by_index.setdefault((netns, watched.index), set()).add(watched)
