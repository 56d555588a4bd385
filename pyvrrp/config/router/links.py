"""The links of a virtual router: interfaces for advertisements, and the peers on each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pyvrrp.config.model.configuration import LinkConfig, VirtualRouterConfig
from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import (
    array_of,
    integer,
    interface_name,
    optional,
    refuse_repeated,
    shown,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, each_entry, path_key, suggestion
from pyvrrp.identity import Address, Family, Place
from pyvrrp.packet.layout import TTL

_MOST_INTERFACES = 8
_MOST_PEERS = 64
_ANY = ""  # stands for the interface if the file does not name it

Peers: TypeAlias = Mapping[str, tuple[Address, ...]]  # by interface

_EMPTY = "is empty, so no advertisement would be accepted; leave the key out for multicast"

_interface_names = array_of(interface_name, 'interfaces, such as ["eth0", "eth1"]')
_addresses = array_of(address, 'addresses, such as "192.0.2.2"')


def _interfaces(value: object) -> tuple[str, ...]:
    names = _interface_names(value)
    if not 1 <= len(names) <= _MOST_INTERFACES:
        raise wrong(f"must list from 1 to {_MOST_INTERFACES} interfaces, not {len(names)}")
    refuse_repeated(names)
    return names


def _listed(value: object) -> tuple[Address, ...]:
    listed = _addresses(value)
    if not listed:
        raise wrong(_EMPTY)
    if len(listed) > _MOST_PEERS:
        raise wrong(f"must list at most {_MOST_PEERS} addresses, not {len(listed)}")
    refuse_repeated(listed)
    return listed


def _peers(value: object) -> Peers:
    if not isinstance(value, Mapping):
        return {_ANY: _listed(value)}
    by_interface = each_entry(value, lambda key, listed: (interface_name(key), _listed(listed)))
    if not by_interface:
        raise wrong(_EMPTY)
    return dict(by_interface)


INTERFACE = Key("interface", optional(interface_name))
INTERFACES = Key("interfaces", optional(_interfaces))
PEERS: Key[Peers | None] = Key("peers", optional(_peers))
MIN_TTL = Key("min_ttl", integer(1, TTL), TTL)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The links in a table, for both families. The addresses are on the first interface."""

    interfaces: tuple[str, ...]
    peers: Peers = field(default_factory=dict)
    min_ttl: int = TTL


def read_links(section: Section) -> LinkSettings:
    """Return the links of a table. If it has problems, default values replace the wrong ones."""
    interfaces = _read_interfaces(section)
    peers = section.read(PEERS)
    min_ttl = section.read(MIN_TTL)
    if section.given(MIN_TTL) and not section.given(PEERS):
        section.refuse(MIN_TTL, "has a meaning with peers only: a multicast packet is never routed")
    if peers is None or not section.good(INTERFACE, INTERFACES):
        return LinkSettings(interfaces, min_ttl=min_ttl)
    return LinkSettings(interfaces, _by_interface(section, interfaces, peers), min_ttl)


def with_links(
    section: Section, router: VirtualRouterConfig, links: LinkSettings
) -> VirtualRouterConfig:
    """Return *router*, which has addresses of one family, with the links of that family."""
    family = router.id.family
    lists = {
        interface: tuple(peer for peer in listed if len(peer.packed) == family)
        for interface, listed in links.peers.items()
    }
    if links.peers:
        _refuse_bad_lists(section, router, links.interfaces, lists)
    netns = router.id.place.netns
    first, *further = (
        LinkConfig(Place(netns, interface), lists.get(interface, ()))
        for interface in links.interfaces
    )
    return replace(router, peers=first.peers, further_links=tuple(further), min_ttl=links.min_ttl)


def refuse_other_family(section: Section, links: LinkSettings, families: Iterable[Family]) -> None:
    """Report peers of a family that no virtual router of the table has."""
    used = set(families)
    for interface, listed in links.peers.items():
        for index, peer in enumerate(listed):
            if len(peer.packed) not in used:
                what = f"{peer} is of another family than the addresses"
                section.refuse(PEERS, what, inside=f"{_inside(section, interface)}[{index}]")


def _read_interfaces(section: Section) -> tuple[str, ...]:
    single, listed = section.read(INTERFACE), section.read(INTERFACES)
    if listed is None:
        if single is None and section.good(INTERFACE, INTERFACES):
            section.refuse(INTERFACE, "is required")
        return (single or "lo",)
    if single is not None and listed[0] != single:
        what = f"must begin with {shown(single)}, the value of interface: it has the addresses"
        section.refuse(INTERFACES, what)
    return listed


def _by_interface(section: Section, interfaces: Sequence[str], peers: Peers) -> Peers:
    if _ANY in peers:
        if len(interfaces) == 1:
            return {interfaces[0]: peers[_ANY]}
        example = ", ".join(f"{path_key(name)} = [...]" for name in interfaces)
        what = f"must be a table, because there are several interfaces: {{ {example} }}"
        section.refuse(PEERS, what)
        return {}
    for name in peers:
        if name not in interfaces:
            what = f"is not one of the interfaces{suggestion(name, interfaces)}"
            section.refuse(PEERS, what, inside=f".{path_key(name)}")
    for name in interfaces:
        if name not in peers:
            what = f"has no peers for {name}: either all interfaces use unicast or none"
            section.refuse(PEERS, what)
    return {name: peers[name] for name in interfaces if name in peers}


def _refuse_bad_lists(
    section: Section,
    router: VirtualRouterConfig,
    interfaces: Sequence[str],
    lists: Mapping[str, tuple[Address, ...]],
) -> None:
    if not section.good(PEERS):
        return
    family = router.id.family.label
    virtual = {entry.ip for entry in router.addresses}
    for name in interfaces:
        listed = lists.get(name, ())
        inside = _inside(section, name)
        if not listed:
            what = f"has no {family} address, but addresses has: both families need peers"
            section.refuse(PEERS, what, inside=inside)
        elif len(listed) != len(lists[interfaces[0]]):
            what = (
                f"must list as many {family} addresses as for {interfaces[0]}, in the same order "
                "of nodes"
            )
            section.refuse(PEERS, what, inside=inside)
        for peer in listed:
            if peer in virtual:
                what = f"{peer} is a virtual address; write the own address of the node"
                section.refuse(PEERS, what, inside=inside)


def _inside(section: Section, interface: str) -> str:
    return f".{path_key(interface)}" if isinstance(section.table.get("peers"), Mapping) else ""
