"""The interfaces of this machine for a person to choose from, listed by netifaces.

Only this module imports netifaces. The daemon asks the kernel (`interface_state`): netifaces
reports neither states nor events, and shows an address with a label as an interface of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_address

import netifaces

from pyvrrp.errors import KernelError
from pyvrrp.foreign_text import escaped
from pyvrrp.identity import Address, InterfaceAddress


@dataclass(frozen=True, slots=True)
class ListedInterface:
    """One interface, and what a person needs to choose it."""

    name: str
    mac: str  # empty if it has none
    addresses: tuple[InterfaceAddress, ...]
    gateways: tuple[Address, ...]  # default gateways reached through it


def list_interfaces() -> tuple[ListedInterface, ...]:
    """Return every interface of this network namespace; raise KernelError."""
    try:
        gateways = _default_gateways()
        names = netifaces.interfaces()
        real = dict.fromkeys(_without_label(name) for name in names)
        return tuple(_interface(name, names, gateways) for name in real)
    except (OSError, ValueError) as error:
        raise KernelError(f"cannot list the interfaces: {error}") from error


def _interface(
    name: str, names: Sequence[str], gateways: tuple[tuple[Address, str], ...]
) -> ListedInterface:
    macs: list[str] = []
    addresses: list[InterfaceAddress] = []
    for labelled in (other for other in names if _without_label(other) == name):
        found = _look_up(labelled)
        macs += [entry["addr"] for entry in found.get(netifaces.AF_LINK, []) if "addr" in entry]
        addresses += [*_ipv4(found), *_ipv6(found)]
    return ListedInterface(
        name=escaped(name),  # the kernel allows almost any octet in a name
        mac=macs[0] if macs else "",
        addresses=tuple(addresses),
        gateways=tuple(gateway for gateway, through in gateways if through == name),
    )


def _look_up(name: str) -> dict[int, list[dict[str, str]]]:
    try:
        return netifaces.ifaddresses(name)
    except ValueError:
        # The interface has been deleted since the list was made.
        return {}


def _ipv4(found: Mapping[int, list[dict[str, str]]]) -> list[InterfaceAddress]:
    entries = found.get(netifaces.AF_INET, [])
    return [IPv4Interface(f"{e['addr']}/{e.get('netmask', 32)}") for e in entries if "addr" in e]


def _ipv6(found: Mapping[int, list[dict[str, str]]]) -> list[InterfaceAddress]:
    # netifaces writes "fe80::1%eth0" and "ffff:ffff:ffff:ffff::/64".
    return [
        IPv6Interface(
            f"{_without_scope(e['addr'])}/{e.get('netmask', '').rpartition('/')[2] or 128}"
        )
        for e in found.get(netifaces.AF_INET6, [])
        if "addr" in e
    ]


def _default_gateways() -> tuple[tuple[Address, str], ...]:
    found = netifaces.gateways()
    routes = (found.get(family, []) for family in (netifaces.AF_INET, netifaces.AF_INET6))
    return tuple(
        (ip_address(_without_scope(entry[0])), entry[1])
        for entries in routes
        if isinstance(entries, list)
        for entry in entries
    )


def _without_scope(address: str) -> str:
    return address.partition("%")[0]


def _without_label(name: str) -> str:
    return name.partition(":")[0]
