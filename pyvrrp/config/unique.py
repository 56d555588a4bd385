"""What two virtual routers of one configuration must not share."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.config import virtual_router as router_keys
from pyvrrp.config.addresses import Address
from pyvrrp.config.keys import Section
from pyvrrp.config.model import VirtualRouterConfig
from pyvrrp.identity import Place, VirtualRouterId


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
    placed = [one for one in written if one.section.good(router_keys.INTERFACE, router_keys.NETNS)]
    _refuse_same_identity(placed)
    _refuse_same_address(placed)


def _refuse_same_name(written: Sequence[Written]) -> None:
    taken: dict[str, str] = {}
    for one in written:
        if not one.section.good(router_keys.NAME):
            continue
        name = one.entries[0].name
        if name in taken:
            one.section.refuse(router_keys.NAME, f'"{name}" is the name of {taken[name]} already')
        taken.setdefault(name, one.path)


def _refuse_same_identity(written: Sequence[Written]) -> None:
    taken: dict[VirtualRouterId, str] = {}
    for one in written:
        if not one.section.good(router_keys.VRID, router_keys.ADDRESSES):
            continue
        for entry in one.entries:
            if entry.id in taken:
                where = f"on {entry.id.place} for {entry.id.family.name.replace('IPV', 'IPv')}"
                what = f"{entry.id.vrid} is used {where} by {taken[entry.id]} already"
                one.section.refuse(router_keys.VRID, what)
            taken.setdefault(entry.id, one.path)


def _refuse_same_address(written: Sequence[Written]) -> None:
    taken: dict[tuple[Place, Address], str] = {}
    for one in written:
        if not one.section.good(router_keys.ADDRESSES):
            continue
        for entry in one.entries:
            for address in entry.addresses:
                holder = taken.setdefault((entry.id.place, address.ip), one.path)
                if holder != one.path:
                    what = f"{address.ip} belongs to {holder} on {entry.id.place} already"
                    one.section.refuse(router_keys.ADDRESSES, what)
