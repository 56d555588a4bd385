"""Heartbeat's two files, as read, to a configuration of pyvrrp that does the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import escaped
from pyvrrp.identity import InterfaceAddress
from pyvrrp.importers.heartbeat.ha_cf import DEFAULT_DEADTIME, HaCf
from pyvrrp.importers.heartbeat.haresources import Group, Service
from pyvrrp.importers.heartbeat.report import Fate, Place, Report
from pyvrrp.units import CENTISECOND, SECOND, Nanoseconds

Document = dict[str, object]

_LONGEST_INTERVAL = Nanoseconds(4095 * CENTISECOND)
_MOST_VRIDS = 255
_PING_INTERVAL = SECOND
_PING_FALL = 10  # deadping of Heartbeat is 30 s: patient, as the network is everybody's
# Agents that Heartbeat brings in resource.d; what is not among them is an init script.
_AGENTS = frozenset(
    [
        "AudibleAlarm",
        "Delay",
        "Filesystem",
        "ICP",
        "IPaddr",
        "IPaddr2",
        "IPsrcaddr",
        "IPv6addr",
        "LVM",
        "LinuxSCSI",
        "MailTo",
        "OCF",
        "Raid1",
        "SendArp",
        "ServeRAID",
        "WAS",
        "WinPopup",
        "Xinetd",
        "apache",
        "db2",
        "drbddisk",
        "drbdupper",
        "ids",
        "portblock",
    ]
)
_RESOURCE_D, _INIT_D = "/etc/ha.d/resource.d", "/etc/init.d"
_UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
_SHARED = {"Filesystem", "drbddisk", "drbdupper", "LVM", "Raid1"}
_NO_RESOURCE = {
    "MailTo": "events are in the log; have whatever reads it send mail",
    "IPsrcaddr": "the source address of what this node sends stays its own",
    "SendArp": "pyvrrp announces its addresses itself",
    "AudibleAlarm": "events are in the log",
    "WinPopup": "events are in the log",
}


@dataclass(frozen=True, slots=True)
class Input:
    """Both files as read, and their names."""

    ha_cf: HaCf
    ha_cf_file: str
    groups: Sequence[Group]


class Translator:
    """Builds one document."""

    def __init__(self, given: Input, report: Report, there: Callable[[str], bool]) -> None:
        self._ha_cf = given.ha_cf
        self._whole = Place(given.ha_cf_file, 0)
        self._groups = given.groups
        self._report = report
        self._there = there
        self._vrids: set[int] = set()
        self._names: set[str] = set()
        self._resources: dict[str, object] = {}

    def document(self, node: str | None) -> Document:
        """Return the document; *node* is written into it as the name of this node."""
        document: Document = {} if node is None else {"node": node}
        common = {**self._timing(), **self._failback(), **self._checks_of_a_router()}
        routers: list[object] = []
        for group in self._groups:
            routers += self._routers(group, common)
        document["virtual_router"] = routers
        checks = self._checks()
        if checks:
            document["check"] = checks
        if self._resources:
            document["resource"] = self._resources
        return document

    # --- ha.cf ---

    def _timing(self) -> Document:
        where, deadtime = self._ha_cf.deadtime or (self._whole, DEFAULT_DEADTIME)
        if self._ha_cf.deadtime is None:
            what = f"deadtime: not set, so Heartbeat's default, {write_duration(deadtime)}"
            self._report.add(where, Fate.APPROXIMATED, what)
        interval = Nanoseconds(deadtime // 3 // CENTISECOND * CENTISECOND)
        interval = min(max(interval, CENTISECOND), _LONGEST_INTERVAL)
        least, most = (write_duration(Nanoseconds(times * interval)) for times in (3, 4))
        what = (
            f"deadtime: advertisement_interval = {write_duration(interval)}, a third of it; a peer "
            f"is dead after {least} to {most} of silence, by rank"
        )
        fate = Fate.TRANSLATED if 3 * interval == deadtime else Fate.APPROXIMATED
        self._report.add(where, fate, what)
        if self._ha_cf.keepalive is not None:
            place, keepalive = self._ha_cf.keepalive
            what = (
                f"keepalive: VRRP has one time for both, and deadtime decides it; "
                f'advertisement_interval = "{write_duration(keepalive)}" would send as often as '
                "Heartbeat did, and take over after 3 to 4 times that"
            )
            self._report.add(place, Fate.APPROXIMATED, what)
        return {"advertisement_interval": write_duration(interval)}

    def _failback(self) -> Document:
        place, back = self._ha_cf.failback or (self._whole, None)
        if back is None:
            said = "legacy" if self._ha_cf.failback else "not set, so legacy"
            what = f"auto_failback: {said}; taken for on: preempt = true"
            self._report.add(place, Fate.APPROXIMATED, what)
            return {}
        self._report.add(place, Fate.TRANSLATED, f"auto_failback: preempt = {str(back).lower()}")
        return {} if back else {"preempt": False}

    def _checks_of_a_router(self) -> Document:
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
        for host, place in self._ha_cf.pings.items():
            if self._ha_cf.ipfail is None:
                what = f"ping: {host} decided nothing without ipfail"
                self._report.add(place, Fate.IGNORED, what)
            else:
                what = (
                    f"ping: a check of {host}; a node that cannot reach it lets go, and if none "
                    'can, one serves all the same (when_all_fail = "last-resort")'
                )
                self._report.add(place, Fate.TRANSLATED, what)
        if self._ha_cf.ipfail is not None:
            fate = Fate.TRANSLATED if self._ha_cf.pings else Fate.IGNORED
            what = "respawn: ipfail, by the checks of the ping nodes"
            self._report.add(self._ha_cf.ipfail, fate, what)

    # --- haresources ---

    def _routers(self, group: Group, common: Mapping[str, object]) -> Iterable[Document]:
        if group.node not in self._ha_cf.nodes:
            if self._ha_cf.nodes:
                what = f"{group.node} is no node of {self._whole.file}"
                self._report.add(group.place, Fate.WRONG, what)
            return []
        if not group.addresses:
            names = " ".join(service.agent for service in group.services)
            what = f"{escaped(names)}: a group without an address is no virtual router"
            self._report.add(group.place, Fate.DROPPED, what)
            return []
        others = [node for node in self._ha_cf.nodes if node != group.node]
        resources = self._chain(group)
        by_interface = self._by_interface(group)
        parts: list[Document] = []
        for interface, addresses in by_interface.items():
            router: Document = {
                "name": self._name(group, parts),
                **self._links(group.place, interface),
                "vrid": self._vrid(addresses),
                "addresses": [str(address) for address in addresses],
                "nodes": [group.node, *others],
                **common,
            }
            _add_link_local(router, addresses, group.place, self._report)
            parts.append(router)
        if resources:
            parts[0]["resources"] = resources
        if len(parts) > 1:
            for part in parts:
                part["group"] = parts[0]["name"]
        for part in parts:
            what = f'virtual router "{part["name"]}", VRID {part["vrid"]}, {group.node} preferred'
            self._report.add(group.place, Fate.TRANSLATED, what)
        return parts

    def _by_interface(self, group: Group) -> dict[str, list[InterfaceAddress]]:
        first = next(iter(self._ha_cf.devices), "eth0")
        found: dict[str, list[InterfaceAddress]] = {}
        for virtual in group.addresses:
            if not virtual.interface:
                what = (
                    f"{virtual.address.ip}: on {first}, as no interface is named; Heartbeat would "
                    "have looked at the routes"
                )
                self._report.add(group.place, Fate.APPROXIMATED, what)
            found.setdefault(virtual.interface or first, []).append(virtual.address)
        return found

    def _links(self, place: Place, interface: str) -> Document:
        devices = self._ha_cf.devices
        if interface not in devices:
            what = f"heartbeats go over {interface} too, since the addresses are there"
            self._report.add(place, Fate.APPROXIMATED, what)
        interfaces = [interface, *(name for name in devices if name != interface)]
        where: Document = {"interface": interface}
        if len(interfaces) > 1:
            where = {"interfaces": interfaces}
        lists = {
            name: devices[name].peers
            for name in interfaces
            if name in devices and devices[name].peers and not devices[name].multicast
        }
        if not any(device.peers for device in devices.values()):
            return where
        lengths = {len(peers) for peers in lists.values()}
        if len(lists) < len(interfaces) or len(lengths) > 1:
            what = (
                "ucast: by multicast on all interfaces, since not each of them has a ucast line "
                "for the same nodes; write peers for each to have unicast"
            )
            self._report.add(place, Fate.APPROXIMATED, what)
            return where
        peers = {name: [str(peer) for peer in listed] for name, listed in lists.items()}
        where["peers"] = peers if len(peers) > 1 else peers[interface]
        return where

    def _chain(self, group: Group) -> list[str]:
        chain = [name for service in group.services if (name := self._resource(group, service))]
        if chain and group.address_first:
            what = (
                "addresses come up after all resources of the group, and go first; a service that "
                "binds to one needs the sysctl net.ipv4.ip_nonlocal_bind = 1"
            )
            self._report.add(group.place, Fate.APPROXIMATED, what)
        return chain

    def _resource(self, group: Group, service: Service) -> str:
        if service.agent in _NO_RESOURCE:
            what = f"{service.agent}: {_NO_RESOURCE[service.agent]}"
            self._report.add(group.place, Fate.DROPPED, what)
            return ""
        agent, script = self._agent(group, service)
        name = _unused(_resource_name(service), self._resources)
        table: Document = {"agent": agent}
        if service.arguments:
            table["arguments"] = list(service.arguments)
        self._resources[name] = table
        shown = escaped("::".join((service.agent, *service.arguments)))
        what = f"{shown}: resource {name}, {script}"
        self._report.add(group.place, Fate.TRANSLATED, what)
        if service.agent in _SHARED:
            what = (
                f"{shown}: must never be up on two nodes, and as with Heartbeat nothing guarantees "
                "it yet; put exclusive = true on it, and a lease or a power switch behind"
            )
            self._report.add(group.place, Fate.APPROXIMATED, what)
        return name

    def _agent(self, group: Group, service: Service) -> tuple[str, str]:
        """Return the agent of a service, and what that is, as this machine has it."""
        name = service.agent
        scripts = {"heartbeat": f"{_RESOURCE_D}/{name}", "lsb": f"{_INIT_D}/{name}"}
        for kind, path in scripts.items():  # in the order in which Heartbeat looks
            if self._there(path):
                return f"{kind}:{name}", f"the script {path}"
        units = (f"{directory}/{name}.service" for directory in _UNITS)
        if not service.arguments and any(map(self._there, units)):
            what = f"{name}: by its systemd unit, as there is no script of that name"
            self._report.add(group.place, Fate.APPROXIMATED, what)
            return f"systemd:{name}", f"the unit {name}.service"
        kind = "heartbeat" if name in _AGENTS or service.arguments else "lsb"
        what = f"{name}: not on this machine, neither as a script nor as a unit; check refuses it"
        self._report.add(group.place, Fate.APPROXIMATED, what)
        return f"{kind}:{name}", f"the script {scripts[kind]}"

    def _name(self, group: Group, parts: Sequence[Document]) -> str:
        service = next((s.agent for s in group.services if s.agent not in _AGENTS), "")
        base = service[:50] or f"{group.node[:40]}-{group.place.line}"
        name = _unused(base if not parts else f"{base}-{len(parts) + 1}", self._names)
        self._names.add(name)
        return name

    def _vrid(self, addresses: Sequence[InterfaceAddress]) -> int:
        wanted = int(addresses[0].ip) & 0xFF or 1
        for step in range(_MOST_VRIDS):
            vrid = (wanted - 1 + step) % _MOST_VRIDS + 1
            if vrid not in self._vrids:
                break
        self._vrids.add(vrid)
        return vrid


def _add_link_local(
    router: Document, addresses: Sequence[InterfaceAddress], place: Place, report: Report
) -> None:
    six = [address for address in addresses if address.version == 6]  # noqa: PLR2004 - IPv6
    if not six or any(address.ip.is_link_local for address in six):
        return
    added = f"fe80::{router['vrid']}/64"
    router["addresses"] = [*(str(address) for address in addresses), added]
    what = f"{added} is a virtual address too: VRRP over IPv6 needs one that is link-local"
    report.add(place, Fate.APPROXIMATED, what)


def _resource_name(service: Service) -> str:
    kept = "-".join((service.agent, *service.arguments[:1])) if service.agent in _AGENTS else ""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._") else "-" for c in kept)
    return "-".join(filter(None, name.split("-")))[:50] or service.agent[:50]


def _unused(wanted: str, taken: Iterable[str]) -> str:
    used = set(taken)
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(used) + 3)))
    return next(name for name in names if name not in used)
