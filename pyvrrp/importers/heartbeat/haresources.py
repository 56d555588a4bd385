"""Heartbeat's haresources: groups of addresses and services, and the nodes they prefer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.config.values.addresses import interface_address
from pyvrrp.config.values.scalars import WrongValueError, escaped, interface_name, name, wrong
from pyvrrp.identity import InterfaceAddress
from pyvrrp.importers.heartbeat.ha_cf import lines
from pyvrrp.importers.heartbeat.report import Fate, Place, Report

_ADDRESS_AGENTS = {"IPaddr", "IPaddr2", "IPv6addr"}
_BARE_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}(/.*)?")
_AGENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LONGEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """An address of a group; *interface* is empty where Heartbeat would look at the routes."""

    address: InterfaceAddress
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A resource agent and its arguments."""

    agent: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One line: what moves together, and the node that it prefers."""

    place: Place
    node: str
    addresses: tuple[VirtualAddress, ...]
    services: tuple[Service, ...]
    address_first: bool  # before a service, so that it is up before it


def read_haresources(text: str, file: str, report: Report) -> list[Group]:
    """Return the groups; what is wrong is in the report."""
    groups: list[Group] = []
    for place, (node, *resources) in lines(text, file):
        try:
            groups.append(_group(place, name(node), resources, report))
        except WrongValueError as error:
            report.add(place, Fate.WRONG, str(error))
    if not groups and not report.has(Fate.WRONG):
        report.add(Place(file, 0), Fate.WRONG, "has no group")
    return groups


def _group(place: Place, node: str, resources: Sequence[str], report: Report) -> Group:
    addresses: list[VirtualAddress] = []
    services: list[Service] = []
    address_first = False
    for resource in resources:
        agent, _, rest = resource.partition("::")
        if agent in _ADDRESS_AGENTS or _BARE_ADDRESS.fullmatch(resource):
            written = rest if agent in _ADDRESS_AGENTS else resource
            addresses.append(_address(place, written, report))
        elif _AGENT.fullmatch(agent):
            address_first = address_first or bool(addresses)
            arguments = tuple(rest.split("::")) if rest else ()
            services.append(Service(agent, arguments))
        else:
            raise wrong(f"{escaped(resource[:60])} is no resource")
    return Group(place, node, tuple(addresses), tuple(services), address_first)


def _address(place: Place, written: str, report: Report) -> VirtualAddress:
    host, *rest = written.split("/")
    prefix, interface = "", ""
    for part in rest:
        if part.isdigit() and len(part) <= _LONGEST_PREFIX:
            prefix = f"/{part}"
        elif re.fullmatch(r"[0-9]+(\.[0-9]+){3}", part):
            report.add(place, Fate.IGNORED, f"{host}: the kernel knows the broadcast address")
        elif part:
            interface = interface_name(part.partition(":")[0])
            if ":" in part:
                what = f"{host}: {escaped(part)} is a label; the address has none on {interface}"
                report.add(place, Fate.IGNORED, what)
    if not prefix:
        what = f"{host}: without a prefix length it stands alone (/32 or /128); add the network's"
        report.add(place, Fate.APPROXIMATED, what)
    return VirtualAddress(interface_address(f"{host}{prefix}"), interface)
