"""How nodes hear each other: over which interfaces, and whom they believe."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pyvrrp.config.model.configuration import LinkConfig, VirtualRouterConfig
from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import (
    WrongValueError,
    array_of,
    integer,
    interface_name,
    optional,
    refuse_twice,
    shown,
    table,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, bare, suggestion
from pyvrrp.errors import Problem
from pyvrrp.identity import Address, Family, Place

_MOST_INTERFACES = 8
_MOST_PEERS = 64
_ANY = ""  # the interface, where the file names none
_TTL = 255

Peers: TypeAlias = Mapping[str, tuple[Address, ...]]  # by interface

_interface_names = array_of(interface_name, 'interfaces, such as ["eth0", "eth1"]')
_addresses = array_of(address, 'addresses, such as "192.0.2.2"')


def _interfaces(value: object) -> tuple[str, ...]:
    names = _interface_names(value)
    if not 1 <= len(names) <= _MOST_INTERFACES:
        raise wrong(f"must list from 1 to {_MOST_INTERFACES} interfaces, not {len(names)}")
    refuse_twice(names)
    return names


def _listed(value: object) -> tuple[Address, ...]:
    listed = _addresses(value)
    if not listed:
        raise wrong("is empty, so nobody would be heard; leave the key out for multicast")
    if len(listed) > _MOST_PEERS:
        raise wrong(f"must list at most {_MOST_PEERS} addresses, not {len(listed)}")
    refuse_twice(listed)
    return listed


def _peers(value: object) -> Peers:
    if not isinstance(value, Mapping):
        return {_ANY: _listed(value)}
    parsed: dict[str, tuple[Address, ...]] = {}
    problems: list[Problem] = []
    for interface, listed in table(value).items():
        try:
            parsed[interface_name(interface)] = _listed(listed)
        except WrongValueError as error:
            path = f".{bare(interface)}"
            problems += [Problem(f"{path}{p.path}", p.what) for p in error.problems]
    if not problems and not parsed:
        raise wrong("is empty, so nobody would be heard; leave the key out for multicast")
    if problems:
        raise WrongValueError(*problems)
    return parsed


INTERFACE = Key("interface", optional(interface_name))
INTERFACES = Key("interfaces", optional(_interfaces))
PEERS: Key[Peers | None] = Key("peers", optional(_peers))
MIN_TTL = Key("min_ttl", integer(1, _TTL), _TTL)


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """What a table says about its links, for both families; the addresses live on the first."""

    interfaces: tuple[str, ...]
    peers: Peers = field(default_factory=dict)
    min_ttl: int = _TTL


def read_heartbeats(section: Section) -> Heartbeats:
    """Return the links of a table; problems give stand-ins."""
    interfaces = _read_interfaces(section)
    peers = section.read(PEERS)
    min_ttl = section.read(MIN_TTL)
    if section.given(MIN_TTL) and not section.given(PEERS):
        section.refuse(MIN_TTL, "has a meaning with peers only: a multicast packet is never routed")
    if peers is None or not section.good(INTERFACE, INTERFACES):
        return Heartbeats(interfaces, min_ttl=min_ttl)
    return Heartbeats(interfaces, _by_interface(section, interfaces, peers), min_ttl)


def with_links(
    section: Section, router: VirtualRouterConfig, heartbeats: Heartbeats
) -> VirtualRouterConfig:
    """Return *router*, of one family and with its addresses, with its links."""
    family = router.id.family
    lists = {
        interface: tuple(peer for peer in listed if len(peer.packed) == family)
        for interface, listed in heartbeats.peers.items()
    }
    if heartbeats.peers:
        _refuse_bad_lists(section, router, heartbeats.interfaces, lists)
    netns = router.id.place.netns
    first, *further = (
        LinkConfig(Place(netns, interface), lists.get(interface, ()))
        for interface in heartbeats.interfaces
    )
    return replace(
        router, peers=first.peers, further_links=tuple(further), min_ttl=heartbeats.min_ttl
    )


def refuse_other_family(
    section: Section, heartbeats: Heartbeats, families: Iterable[Family]
) -> None:
    """Report peers that no virtual router of the table can talk to."""
    used = set(families)
    for interface, listed in heartbeats.peers.items():
        for index, peer in enumerate(listed):
            if len(peer.packed) not in used:
                what = f"{peer} is of another family than the addresses: it would never be heard"
                section.refuse(PEERS, what, inside=f"{_inside(section, interface)}[{index}]")


def _read_interfaces(section: Section) -> tuple[str, ...]:
    single, listed = section.read(INTERFACE), section.read(INTERFACES)
    if listed is None:
        if single is None and section.good(INTERFACE, INTERFACES):
            section.refuse(INTERFACE, "is required")
        return (single or "lo",)
    if single is not None and listed[0] != single:
        what = f"must begin with {shown(single)}, as interface says: the first has the addresses"
        section.refuse(INTERFACES, what)
    return listed


def _by_interface(section: Section, interfaces: Sequence[str], peers: Peers) -> Peers:
    if _ANY in peers:
        if len(interfaces) == 1:
            return {interfaces[0]: peers[_ANY]}
        example = ", ".join(f"{bare(name)} = [...]" for name in interfaces)
        what = f"must be a table with several interfaces, since addresses differ: {{ {example} }}"
        section.refuse(PEERS, what)
        return {}
    for name in peers:
        if name not in interfaces:
            what = f"is none of the interfaces{suggestion(name, interfaces)}"
            section.refuse(PEERS, what, inside=f".{bare(name)}")
    for name in interfaces:
        if name not in peers:
            what = f"says nothing for {name}: either all interfaces use unicast or none"
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
    word = "IPv4" if router.id.family is Family.IPV4 else "IPv6"
    virtual = {entry.ip for entry in router.addresses}
    for name in interfaces:
        listed = lists.get(name, ())
        inside = _inside(section, name)
        if not listed:
            what = f"has no {word} address, but addresses has: its virtual router needs peers too"
            section.refuse(PEERS, what, inside=inside)
        elif len(listed) != len(lists[interfaces[0]]):
            what = (
                f"must list as many {word} addresses as for {interfaces[0]}, in the same order: "
                "the first of each list is one node, the second another"
            )
            section.refuse(PEERS, what, inside=inside)
        for peer in listed:
            if peer in virtual:
                what = f"{peer} is a virtual address, which moves; write the node's own address"
                section.refuse(PEERS, what, inside=inside)


def _inside(section: Section, interface: str) -> str:
    return f".{bare(interface)}" if isinstance(section.table.get("peers"), Mapping) else ""
