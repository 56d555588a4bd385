"""Read haresources of Heartbeat: groups of addresses and resource scripts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.config.values.addresses import interface_address
from pyvrrp.config.values.scalars import WrongValueError, interface_name, name, wrong
from pyvrrp.foreign_text import escaped
from pyvrrp.identity import InterfaceAddress
from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.heartbeat.ha_cf import lines

_ADDRESS_AGENTS = {"IPaddr", "IPaddr2", "IPv6addr"}
_ADDRESS_WITHOUT_AGENT = re.compile(r"[0-9]+(\.[0-9]+){3}(/.*)?")
_AGENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LONGEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """An address of a group. *interface* is empty if the file does not name it."""

    address: InterfaceAddress
    interface: str = ""


@dataclass(frozen=True, slots=True)
class ResourceScript:
    """A resource script of Heartbeat, and its arguments."""

    agent: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """One line of haresources: resources that move together, and the node that they prefer."""

    line: SourceLine
    node: str
    addresses: tuple[VirtualAddress, ...]
    scripts: tuple[ResourceScript, ...]
    address_first: bool  # an address is listed before a script


def read_haresources(text: str, file: str, report: Report) -> list[ResourceGroup]:
    """Return the groups. What is wrong is added to the report."""
    groups: list[ResourceGroup] = []
    for line, (node, *resources) in lines(text, file):
        try:
            groups.append(_group(line, name(node), resources, report))
        except WrongValueError as error:
            report.add(line, Fate.WRONG, str(error))
    if not groups and not report.has(Fate.WRONG):
        report.add(SourceLine(file, 0), Fate.WRONG, "has no group")
    return groups


def _group(line: SourceLine, node: str, resources: Sequence[str], report: Report) -> ResourceGroup:
    addresses: list[VirtualAddress] = []
    scripts: list[ResourceScript] = []
    address_first = False
    for resource in resources:
        agent, _, rest = resource.partition("::")
        if agent in _ADDRESS_AGENTS or _ADDRESS_WITHOUT_AGENT.fullmatch(resource):
            written = rest if agent in _ADDRESS_AGENTS else resource
            addresses.append(_address(line, written, report))
        elif _AGENT.fullmatch(agent):
            address_first = address_first or bool(addresses)
            arguments = tuple(rest.split("::")) if rest else ()
            scripts.append(ResourceScript(agent, arguments))
        else:
            raise wrong(f"{escaped(resource[:60])} is not a resource")
    return ResourceGroup(line, node, tuple(addresses), tuple(scripts), address_first)


def _address(line: SourceLine, written: str, report: Report) -> VirtualAddress:
    host, *rest = written.split("/")
    prefix, interface = "", ""
    for part in rest:
        if part.isdigit() and len(part) <= _LONGEST_PREFIX:
            prefix = f"/{part}"
        elif re.fullmatch(r"[0-9]+(\.[0-9]+){3}", part):
            report.add(line, Fate.IGNORED, f"{host}: the kernel sets the broadcast address")
        elif part:
            interface = interface_name(part.partition(":")[0])
            if ":" in part:
                what = f"{host}: the address gets no label {escaped(part)} on {interface}"
                report.add(line, Fate.IGNORED, what)
    if not prefix:
        what = f"{host}: has no prefix length, so it is /32 or /128; add that of the network"
        report.add(line, Fate.APPROXIMATED, what)
    return VirtualAddress(interface_address(f"{host}{prefix}"), interface)
