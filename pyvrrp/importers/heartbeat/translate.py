"""Translate the content of ha.cf and haresources into a configuration document."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyvrrp.config.values.durations import write_duration
from pyvrrp.foreign_text import escaped
from pyvrrp.identity import InterfaceAddress
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.heartbeat.ha_cf import DEFAULT_DEADTIME, HaCf
from pyvrrp.importers.heartbeat.haresources import ResourceGroup
from pyvrrp.importers.heartbeat.resources import HEARTBEAT_SCRIPTS, ResourceTranslator
from pyvrrp.units import CENTISECOND, SECOND, Nanoseconds

Document = dict[str, object]

_LONGEST_INTERVAL = Nanoseconds(4095 * CENTISECOND)
_MOST_VRIDS = 255
_PING_INTERVAL = SECOND
_PING_FALL = 10  # high, because all nodes fail at once if the ping node is slow


@dataclass(frozen=True, slots=True)
class Input:
    """The content of both files, and the name of ha.cf."""

    ha_cf: HaCf
    ha_cf_file: str
    groups: Sequence[ResourceGroup]


class Translator:
    """Makes one document and reports what becomes of each line.

    *exists* returns whether a path exists on this machine.
    """

    def __init__(self, given: Input, report: Report, exists: Callable[[str], bool]) -> None:
        self._ha_cf = given.ha_cf
        self._whole_file = SourceLine(given.ha_cf_file, 0)
        self._groups = given.groups
        self._report = report
        self._vrids: set[int] = set()
        self._names = Names()
        self._resources = ResourceTranslator(report, exists)

    def document(self, node: str | None) -> Document:
        """Return the document. If *node* is given, it contains it as the name of this node."""
        document: Document = {} if node is None else {"node": node}
        common = {**self._timing(), **self._failback(), **self._uses_of_checks()}
        routers: list[object] = []
        for group in self._groups:
            routers += self._routers(group, common)
        document["virtual_router"] = routers
        checks = self._checks()
        if checks:
            document["check"] = checks
        if self._resources.tables:
            document["resource"] = self._resources.tables
        return document

    # --- ha.cf ---

    def _timing(self) -> Document:
        line, deadtime = self._ha_cf.deadtime or (self._whole_file, DEFAULT_DEADTIME)
        if self._ha_cf.deadtime is None:
            what = (
                f"deadtime: not set, so it has the default of Heartbeat, {write_duration(deadtime)}"
            )
            self._report.add(line, Fate.APPROXIMATED, what)
        interval = Nanoseconds(deadtime // 3 // CENTISECOND * CENTISECOND)
        interval = min(max(interval, CENTISECOND), _LONGEST_INTERVAL)
        least, most = (write_duration(Nanoseconds(times * interval)) for times in (3, 4))
        what = (
            f"deadtime: advertisement_interval = {write_duration(interval)}, a third of it; a "
            f"silent master is replaced after {least} to {most}, depending on the priority"
        )
        fate = Fate.TRANSLATED if 3 * interval == deadtime else Fate.APPROXIMATED
        self._report.add(line, fate, what)
        if self._ha_cf.keepalive is not None:
            line, keepalive = self._ha_cf.keepalive
            what = (
                "keepalive: not used, because in VRRP one interval decides both times; "
                f'advertisement_interval = "{write_duration(keepalive)}" would send as often as '
                "Heartbeat did, and take over after 3 to 4 times that"
            )
            self._report.add(line, Fate.APPROXIMATED, what)
        return {"advertisement_interval": write_duration(interval)}

    def _failback(self) -> Document:
        line, back = self._ha_cf.failback or (self._whole_file, None)
        if back is None:
            value = "legacy" if self._ha_cf.failback else "not set, so legacy"
            what = f"auto_failback: {value}; translated like on: preempt = true"
            self._report.add(line, Fate.APPROXIMATED, what)
            return {}
        self._report.add(line, Fate.TRANSLATED, f"auto_failback: preempt = {str(back).lower()}")
        return {} if back else {"preempt": False}

    def _uses_of_checks(self) -> Document:
        if not self._ha_cf.pings or self._ha_cf.ipfail is None:
            return {}
        return {"checks": list(self._checks()), "when_all_fail": "last-resort"}

    def _checks(self) -> dict[str, object]:
        if self._ha_cf.ipfail is None:
            return {}
        return {
            f"ping-{host if host.version == 4 else str(host).replace(':', '-').strip('-')}": {  # noqa: PLR2004 - IPv4
                "ping": str(host),
                "interval": write_duration(_PING_INTERVAL),
                "fall": _PING_FALL,
            }
            for host in self._ha_cf.pings
        }

    def pings(self) -> None:
        """Report what becomes of the ping nodes."""
        for host, line in self._ha_cf.pings.items():
            if self._ha_cf.ipfail is None:
                what = f"ping: {host} had no effect without ipfail"
                self._report.add(line, Fate.IGNORED, what)
            else:
                what = (
                    f"ping: a check of {host}; a node that does not reach it releases the "
                    'addresses; if no node reaches it, one serves (when_all_fail = "last-resort")'
                )
                self._report.add(line, Fate.TRANSLATED, what)
        if self._ha_cf.ipfail is not None:
            fate = Fate.TRANSLATED if self._ha_cf.pings else Fate.IGNORED
            what = "respawn: the checks of the ping nodes replace ipfail"
            self._report.add(self._ha_cf.ipfail, fate, what)

    # --- haresources ---

    def _routers(self, group: ResourceGroup, common: Mapping[str, object]) -> Iterable[Document]:
        if group.node not in self._ha_cf.nodes:
            if self._ha_cf.nodes:
                what = f"{group.node} is not a node of {self._whole_file.file}"
                self._report.add(group.line, Fate.WRONG, what)
            return []
        if not group.addresses:
            names = " ".join(script.agent for script in group.scripts)
            what = f"{escaped(names)}: a virtual router needs an address, but the group has none"
            self._report.add(group.line, Fate.DROPPED, what)
            return []
        others = [node for node in self._ha_cf.nodes if node != group.node]
        resources = self._resources.chain(group)
        by_interface = self._by_interface(group)
        parts: list[Document] = []
        for interface, addresses in by_interface.items():
            router: Document = {
                "name": self._name(group, parts),
                **self._links(group.line, interface),
                "vrid": self._vrid(addresses),
                "addresses": [str(address) for address in addresses],
                "nodes": [group.node, *others],
                **common,
            }
            _add_link_local(router, addresses, group.line, self._report)
            parts.append(router)
        if resources:
            parts[0]["resources"] = resources
        if len(parts) > 1:
            for part in parts:
                part["group"] = parts[0]["name"]
        for part in parts:
            what = f'virtual router "{part["name"]}", VRID {part["vrid"]}, {group.node} preferred'
            self._report.add(group.line, Fate.TRANSLATED, what)
        return parts

    def _by_interface(self, group: ResourceGroup) -> dict[str, list[InterfaceAddress]]:
        first = next(iter(self._ha_cf.devices), "eth0")
        found: dict[str, list[InterfaceAddress]] = {}
        for virtual in group.addresses:
            if not virtual.interface:
                what = (
                    f"{virtual.address.ip}: has no interface, so {first} is used; Heartbeat chose "
                    "the interface by the routes"
                )
                self._report.add(group.line, Fate.APPROXIMATED, what)
            found.setdefault(virtual.interface or first, []).append(virtual.address)
        return found

    def _links(self, line: SourceLine, interface: str) -> Document:
        devices = self._ha_cf.devices
        if interface not in devices:
            what = f"advertisements are sent on {interface} too, which has the addresses"
            self._report.add(line, Fate.APPROXIMATED, what)
        interfaces = [interface, *(name for name in devices if name != interface)]
        keys: Document = {"interface": interface}
        if len(interfaces) > 1:
            keys = {"interfaces": interfaces}
        lists = {
            name: devices[name].peers
            for name in interfaces
            if name in devices and devices[name].peers and not devices[name].multicast
        }
        if not any(device.peers for device in devices.values()):
            return keys
        lengths = {len(peers) for peers in lists.values()}
        if len(lists) < len(interfaces) or len(lengths) > 1:
            what = (
                "ucast: all interfaces use multicast, because not every one has a ucast line for "
                "each node; write peers for every interface to use unicast"
            )
            self._report.add(line, Fate.APPROXIMATED, what)
            return keys
        peers = {name: [str(peer) for peer in listed] for name, listed in lists.items()}
        keys["peers"] = peers if len(peers) > 1 else peers[interface]
        return keys

    def _name(self, group: ResourceGroup, parts: Sequence[Document]) -> str:
        agents = (script.agent for script in group.scripts)
        service = next((agent for agent in agents if agent not in HEARTBEAT_SCRIPTS), "")
        base = service[:50] or f"{group.node[:40]}-{group.line.number}"
        return self._names.unused(base if not parts else f"{base}-{len(parts) + 1}")

    def _vrid(self, addresses: Sequence[InterfaceAddress]) -> int:
        last_octet = int(addresses[0].ip) & 0xFF or 1
        for step in range(_MOST_VRIDS):
            vrid = (last_octet - 1 + step) % _MOST_VRIDS + 1
            if vrid not in self._vrids:
                break
        self._vrids.add(vrid)
        return vrid


def _add_link_local(
    router: Document, addresses: Sequence[InterfaceAddress], line: SourceLine, report: Report
) -> None:
    six = [address for address in addresses if address.version == 6]  # noqa: PLR2004 - IPv6
    if not six or any(address.ip.is_link_local for address in six):
        return
    added = f"fe80::{router['vrid']}/64"
    router["addresses"] = [*(str(address) for address in addresses), added]
    what = f"{added} is added: VRRP over IPv6 needs a link-local virtual address"
    report.add(line, Fate.APPROXIMATED, what)
