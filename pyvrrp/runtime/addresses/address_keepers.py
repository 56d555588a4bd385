"""The address keepers of a virtual router whose addresses are on several interfaces.

They have the interface of one keeper: the addresses are there when all of them are, and gone when
none is.
"""

from collections.abc import Collection
from typing import TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import InterfaceState, Ports
from pyvrrp.runtime.addresses.address_keeper import AddressKeeper, AddressOwner
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.units import Nanoseconds


class AddressKeepers:
    """One keeper for each interface; the first is the one of the own interface."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        ports: Ports,
        journal: Journal,
        counters: Counters,
        owner: AddressOwner,
        renewals: LeaseRenewals,
    ) -> None:
        self._owner = owner
        self._by_place = {
            held.place: AddressKeeper(config, ports, journal, counters, self, renewals, held)
            for held in config.held
        }
        self._all = tuple(self._by_place.values())
        self._own = self._all[0]

    # What the router asks for.

    @property
    def idle(self) -> bool:
        """Whether no request is under way and the wanted state is confirmed."""
        return all(keeper.idle for keeper in self._all)

    @property
    def held(self) -> bool:
        """Whether the kernel has confirmed all addresses."""
        return all(keeper.held for keeper in self._all)

    @property
    def wanted(self) -> bool:
        """Whether the addresses shall be there."""
        return self._own.wanted

    @property
    def gone(self) -> bool:
        """Whether none shall be there, and it is certain that none is."""
        return all(keeper.gone for keeper in self._all)

    @property
    def managed(self) -> tuple[InterfaceAddress, ...]:
        """The addresses on the own interface that are ours to add and remove."""
        return self._own.managed

    def forget(self, managed: tuple[InterfaceAddress, ...]) -> None:
        """Begin anew: the own interface has appeared. Remove what is left on all interfaces."""
        for keeper in self._all:
            keeper.forget(managed if keeper is self._own else keeper.managed)

    def take(self) -> None:
        """Add all addresses; then call addresses_taken or addresses_refused of the owner."""
        for keeper in self._all:
            keeper.take()

    def let_go(self) -> None:
        """Remove all addresses; call addresses_gone when it is certain that they are gone."""
        for keeper in self._all:
            keeper.let_go()

    def observe(self, state: InterfaceState, at: Place | None = None) -> None:
        """Take note of the addresses on one interface (*at* None: the own one)."""
        keeper = self._own if at is None else self._by_place[at]
        keeper.observe(state)

    def look_again(self) -> None:
        """Go on with what waited for the owner: an answer of it has changed."""
        for keeper in self._all:
            keeper.look_again()

    # What the keepers ask and say.

    def may_hold(self) -> bool:
        """Return whether the address lease may be renewed."""
        return self._owner.may_hold()

    def may_add(self) -> bool:
        """Return whether the addresses may be added now."""
        return self._owner.may_add()

    @property
    def may_add_until(self) -> Nanoseconds | None:
        """From when on the addresses may not be added any more; None: there is no limit."""
        return self._owner.may_add_until

    def addresses_taken(self) -> None:
        """Tell the owner when the last interface has its addresses."""
        if self.held:
            self._owner.addresses_taken()

    def addresses_gone(self) -> None:
        """Tell the owner when the last interface has none of them."""
        if self.gone:
            self._owner.addresses_gone()

    def addresses_refused(self, error: KernelError) -> None:
        """Tell the owner that the kernel refuses the addresses of one interface."""
        self._owner.addresses_refused(error)

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Tell the owner which addresses are there again."""
        self._owner.addresses_restored(addresses)


Keeper: TypeAlias = AddressKeeper | AddressKeepers


def keeper_of(
    config: VirtualRouterConfig,
    ports: Ports,
    journal: Journal,
    counters: Counters,
    owner: AddressOwner,
    renewals: LeaseRenewals,
) -> Keeper:
    """Return what keeps the addresses of a virtual router, on one interface or on several."""
    kind = AddressKeepers if len(config.held) > 1 else AddressKeeper
    return kind(config, ports, journal, counters, owner, renewals)
