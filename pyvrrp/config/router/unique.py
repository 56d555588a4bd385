"""What two virtual routers of one configuration must not share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.links import INTERFACE, INTERFACES
from pyvrrp.config.values.sections import Section
from pyvrrp.identity import Address, Place, VirtualRouterId


@dataclass(frozen=True, slots=True)
class Written:
    """One ``[[virtual_router]]`` table, where it stands and what it means."""

    path: str
    section: Section
    entries: tuple[VirtualRouterConfig, ...]


def refuse_duplicates(written: Sequence[Written]) -> None:
    """Report names, virtual router identities and addresses that a former table has taken.

    What is wrong for another reason is left out: it would compare stand-ins.
    """
    _refuse_same_name(written)
    where = (INTERFACE, INTERFACES, virtual_router.NETNS)
    placed = [one for one in written if one.section.good(*where)]
    _refuse_same_identity(placed)
    _refuse_same_address(placed)


def _refuse_same_name(written: Sequence[Written]) -> None:
    taken: dict[str, str] = {}
    for one in written:
        if not one.section.good(virtual_router.NAME):
            continue
        name = one.entries[0].name
        if name in taken:
            one.section.refuse(
                virtual_router.NAME, f'"{name}" is the name of {taken[name]} already'
            )
        taken.setdefault(name, one.path)


def _refuse_same_identity(written: Sequence[Written]) -> None:
    taken: dict[VirtualRouterId, str] = {}
    for one in written:
        if not one.section.good(virtual_router.VRID, virtual_router.ADDRESSES):
            continue
        # Two that share a link only for their heartbeats could not be told apart there either.
        for entry in one.entries:
            for link in entry.links:
                key = replace(entry.id, place=link.place)
                if key in taken:
                    where = f"on {key.place} for {key.family.name.replace('IPV', 'IPv')}"
                    what = f"{key.vrid} is used {where} by {taken[key]} already"
                    one.section.refuse(virtual_router.VRID, what)
                taken.setdefault(key, one.path)


def _refuse_same_address(written: Sequence[Written]) -> None:
    taken: dict[tuple[Place, Address], str] = {}
    for one in written:
        if not one.section.good(virtual_router.ADDRESSES):
            continue
        for entry in one.entries:
            for address in entry.addresses:
                holder = taken.setdefault((entry.id.place, address.ip), one.path)
                if holder != one.path:
                    what = f"{address.ip} belongs to {holder} on {entry.id.place} already"
                    one.section.refuse(virtual_router.ADDRESSES, what)
