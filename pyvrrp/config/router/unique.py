"""What two virtual routers of one configuration must not share: name, VRID and addresses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.links import INTERFACE, INTERFACES
from pyvrrp.config.values.sections import Section
from pyvrrp.identity import Address, Place, VirtualRouterId


@dataclass(frozen=True, slots=True)
class RouterTable:
    """One ``[[virtual_router]]`` table: its path, its section and the routers it describes."""

    path: str
    section: Section
    routers: tuple[VirtualRouterConfig, ...]


def refuse_duplicates(tables: Sequence[RouterTable]) -> None:
    """Report names, VRIDs and addresses that an earlier table uses already.

    Tables in which these keys are wrong are left out, because they have default values there.
    """
    _refuse_same_name(tables)
    where = (INTERFACE, INTERFACES, virtual_router.NETNS)
    placed = [one for one in tables if one.section.good(*where)]
    _refuse_same_identity(placed)
    _refuse_same_address(placed)


def _refuse_same_name(tables: Sequence[RouterTable]) -> None:
    taken: dict[str, str] = {}
    for one in tables:
        if not one.section.good(virtual_router.NAME):
            continue
        name = one.routers[0].name
        if name in taken:
            one.section.refuse(
                virtual_router.NAME, f'"{name}" is the name of {taken[name]} already'
            )
        taken.setdefault(name, one.path)


def _refuse_same_identity(tables: Sequence[RouterTable]) -> None:
    taken: dict[VirtualRouterId, str] = {}
    for one in tables:
        if not one.section.good(virtual_router.VRID, virtual_router.ADDRESSES):
            continue
        # On every link, not only on that of the addresses, the VRID tells the routers apart.
        for entry in one.routers:
            for link in entry.links:
                key = replace(entry.id, place=link.place)
                if key in taken:
                    where = f"on {key.place} for {key.family.label}"
                    what = f"{key.vrid} is used {where} by {taken[key]} already"
                    one.section.refuse(virtual_router.VRID, what)
                taken.setdefault(key, one.path)


def _refuse_same_address(tables: Sequence[RouterTable]) -> None:
    taken: dict[tuple[Place, Address], str] = {}
    for one in tables:
        if not one.section.good(virtual_router.ADDRESSES):
            continue
        for entry in one.routers:
            for held in entry.held:
                for address in held.addresses:
                    holder = taken.setdefault((held.place, address.ip), one.path)
                    if holder != one.path:
                        what = f"{address.ip} belongs to {holder} on {held.place} already"
                        one.section.refuse(virtual_router.ADDRESSES, what)
