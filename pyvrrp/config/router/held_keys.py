"""The keys of what a virtual router has while it is MASTER, and on which interfaces that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyvrrp.config.model.addresses import HeldAddresses, PlacedAddress, held_on
from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.router.placed_addresses import virtual_addresses
from pyvrrp.config.values.scalars import one_of, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.identity import Family, Place

ADDRESSES = Key("addresses", virtual_addresses, ["192.0.2.1"], required=True)
FAMILY = Key("family", optional(one_of({"ipv4": Family.IPV4, "ipv6": Family.IPV6})))
EXCLUDED_ADDRESSES = Key("excluded_addresses", virtual_addresses, [])
KEYS: tuple[Key[object], ...] = (ADDRESSES, FAMILY, EXCLUDED_ADDRESSES)


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """What the keys of one table say."""

    advertised: tuple[PlacedAddress, ...]
    family: Family | None
    excluded: tuple[PlacedAddress, ...]


def read_held(section: Section) -> HeldKeys:
    """Read the keys, once each. Report ``family`` beside addresses, and what is in both lists."""
    advertised, excluded = section.read(ADDRESSES), section.read(EXCLUDED_ADDRESSES)
    if advertised and section.given(FAMILY):
        section.refuse(FAMILY, "is for addresses = [] only: the addresses have a family")
    hosts = {one.address.ip for one in advertised}
    for index, one in enumerate(excluded):
        if one.address.ip in hosts and section.good(ADDRESSES):
            what = f"{one.address.ip} is in addresses already"
            section.refuse(EXCLUDED_ADDRESSES, what, inside=f"[{index}]")
    return HeldKeys(advertised, section.read(FAMILY), excluded)


def with_held(
    router: VirtualRouterConfig, keys: HeldKeys, families: Sequence[Family]
) -> VirtualRouterConfig:
    """Return *router* with what it has beside the addresses that it advertises.

    *families* are those of the table. If there is one only, it has the excluded ones of both.
    """
    family, alone = router.id.family, len(families) == 1
    excluded = [one for one in keys.excluded if alone or len(one.address.packed) == family]
    written = {one.address: one for one in keys.advertised}
    advertised = [written[address] for address in router.addresses]
    return replace(router, placed=_placed(router, [*advertised, *excluded]))


def _placed(
    router: VirtualRouterConfig, elements: Sequence[PlacedAddress]
) -> tuple[HeldAddresses, ...]:
    own = router.id.place
    here = tuple(one for one in elements if one.interface in {"", own.interface})
    others: dict[Place, list[PlacedAddress]] = {}
    for one in elements:
        if one not in here:
            others.setdefault(Place(own.netns, one.interface), []).append(one)
    further = (held_on(place, tuple(listed)) for place, listed in others.items())
    placed = (held_on(own, here), *further)
    # What is not special needs no description.
    return () if placed == (HeldAddresses(own, router.addresses),) else placed
