"""How virtual addresses stand on their interfaces, as frozen values."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TypeAlias

from pyvrrp.identity import InterfaceAddress, Place


@dataclass(frozen=True, slots=True)
class AddressShape:
    """How the kernel shows an address beside its lifetime; the defaults are those of pyvrrp."""

    label: str = ""  # IPv4 only; empty: the name of the interface
    scope: int = 0  # as a route's: 0 global, 253 link, 254 host
    broadcast: IPv4Address | None = None
    prefix_route: bool = True  # False: without a route to the network of the address


PLAIN = AddressShape()
Shapes: TypeAlias = tuple[tuple[InterfaceAddress, AddressShape], ...]  # those that are not PLAIN


@dataclass(frozen=True, slots=True)
class PlacedAddress:
    """One element of ``addresses`` or ``excluded_addresses``.

    *interface* is empty for the interface that the router advertises on. *tracked*: it is put back
    if another program removes it.
    """

    address: InterfaceAddress
    interface: str = ""
    shape: AddressShape = PLAIN
    tracked: bool = True


@dataclass(frozen=True, slots=True)
class HeldAddresses:
    """The addresses that a virtual router has on one interface while it is MASTER."""

    place: Place
    addresses: tuple[InterfaceAddress, ...]
    shapes: Shapes = ()
    untracked: frozenset[InterfaceAddress] = field(default_factory=frozenset)


def held_on(place: Place, elements: tuple[PlacedAddress, ...]) -> HeldAddresses:
    """Return what *elements*, all of one interface, mean there."""
    return HeldAddresses(
        place,
        tuple(one.address for one in elements),
        tuple((one.address, one.shape) for one in elements if one.shape != PLAIN),
        frozenset(one.address for one in elements if not one.tracked),
    )
