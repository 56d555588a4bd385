"""The other interfaces that have addresses of a virtual router: their states, announcements there.

An address cannot be on an interface that does not exist. So the router takes part only while all
of these interfaces exist. Whether they are up is another question: that is for a check to ask.
"""

from collections.abc import Callable, Collection, Mapping

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, InterfaceAddress, Place
from pyvrrp.ports import Clock, Handle, InterfaceState, Links
from pyvrrp.runtime.addresses.announcer import Announcer, Wire
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.virtual_router.rules.admission import STARTING


class FurtherPlaces:
    """Watches those interfaces, and announces the addresses on them through *wires*.

    *changed* gets each new state. *obstacle* says why an address cannot be on its interface.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        wires: Mapping[Place, Wire],
        clock: Clock,
        links: Links,
        journal: Journal,
        counters: Counters,
        may_announce: Callable[[], bool],
        changed: Callable[[Place, InterfaceState], None],
    ) -> None:
        self._held = {held.place: held for held in config.held[1:]}
        self._links = links
        self._changed = changed
        self._states: dict[Place, InterfaceState] = {}
        self._handles: list[Handle] = []
        self._announcers = {
            place: Announcer(
                *(config, clock, wires[place], journal, counters),
                may_announce=may_announce,
                addresses=[address.ip for address in held.addresses],
            )
            for place, held in self._held.items()
        }

    def start(self) -> None:
        """Watch the interfaces from now on."""
        for place in self._held:
            self._handles.append(self._links.watch(place, self._follower(place)))

    def stop(self) -> None:
        """Watch them no more."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()

    def _follower(self, place: Place) -> Callable[[InterfaceState], None]:
        def follow(state: InterfaceState) -> None:
            self._states[place] = state
            self._announcers[place].interface_changed()
            self._changed(place, state)

        return follow

    @property
    def obstacle(self) -> str:
        """Why the addresses cannot be where they should be; empty: they can."""
        for place, held in self._held.items():
            state = self._states.get(place)
            if state is None:
                return STARTING
            if not state.exists:
                return f"no interface {place}, where {held.addresses[0].ip} belongs"
            for address in held.addresses:
                if any(one not in state.ours for one in state.by_host.get(address.ip, ())):
                    return f"{address.ip} is on {place}, and pyvrrp has not added it: remove it"
        return ""

    def present(self) -> frozenset[InterfaceAddress]:
        """Return those of the addresses that are on their interfaces."""
        return frozenset(
            address
            for place, held in self._held.items()
            for address in held.addresses
            if place in self._states and address in self._states[place].present
        )

    def held_at(self) -> tuple[tuple[int, tuple[InterfaceAddress, ...]], ...]:
        """Return the index of each interface that exists, and the addresses that belong there."""
        return tuple(
            (self._states[place].index, held.addresses)
            for place, held in self._held.items()
            if place in self._states and self._states[place].exists
        )

    def begin_announcing(self, *, succeeds: bool) -> None:
        """Announce all addresses now, and again from time to time."""
        for announcer in self._announcers.values():
            announcer.start(succeeds=succeeds)

    def stop_announcing(self) -> None:
        """Announce nothing any more."""
        for announcer in self._announcers.values():
            announcer.stop()

    def announce_now(self, addresses: Collection[Address] | None = None) -> None:
        """Announce *addresses* now, each on its interface; None: all."""
        for announcer in self._announcers.values():
            announcer.announce_now(addresses)

    def announce_again(self) -> None:
        """Announce all now, because a rival was heard."""
        for announcer in self._announcers.values():
            announcer.announce_again()
