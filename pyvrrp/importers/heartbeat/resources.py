"""Translate the resource scripts of haresources into resources."""

from collections.abc import Callable

from pyvrrp.foreign_text import escaped
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.base.report import Fate, Report
from pyvrrp.importers.heartbeat.haresources import ResourceGroup, ResourceScript

# The scripts that Heartbeat installs in resource.d. Any other one is an init script.
HEARTBEAT_SCRIPTS = frozenset(
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
_EXCLUSIVE = {"Filesystem", "drbddisk", "drbdupper", "LVM", "Raid1"}
_NO_RESOURCE = {
    "MailTo": "events are in the log; have a program that reads it send mail",
    "IPsrcaddr": "the source address of packets from this node does not change",
    "SendArp": "pyvrrp announces its addresses itself",
    "AudibleAlarm": "events are in the log",
    "WinPopup": "events are in the log",
}


class ResourceTranslator:
    """Translates scripts. *tables* are the ``[resource.NAME]`` tables by name.

    *exists* returns whether a path exists on this machine.
    """

    def __init__(self, report: Report, exists: Callable[[str], bool]) -> None:
        self.tables: dict[str, object] = {}
        self._names = Names()
        self._report = report
        self._exists = exists

    def chain(self, group: ResourceGroup) -> list[str]:
        """Translate the scripts of *group* and return the names of their resources."""
        chain = [name for script in group.scripts if (name := self._resource(group, script))]
        if chain and group.address_first:
            what = (
                "the addresses are added after all resources of the group have started, and are "
                "removed first; a service that binds to one of them needs the sysctl "
                "net.ipv4.ip_nonlocal_bind = 1"
            )
            self._report.add(group.line, Fate.APPROXIMATED, what)
        return chain

    def _resource(self, group: ResourceGroup, script: ResourceScript) -> str:
        if script.agent in _NO_RESOURCE:
            what = f"{script.agent}: {_NO_RESOURCE[script.agent]}"
            self._report.add(group.line, Fate.DROPPED, what)
            return ""
        agent, program = self._agent(group, script)
        name = self._names.unused(_resource_name(script))
        table: dict[str, object] = {"agent": agent}
        if script.arguments:
            table["arguments"] = list(script.arguments)
        self.tables[name] = table
        shown = escaped("::".join((script.agent, *script.arguments)))
        self._report.add(group.line, Fate.TRANSLATED, f"{shown}: resource {name}, {program}")
        if script.agent in _EXCLUSIVE:
            what = (
                f"{shown}: must never run on two nodes, but nothing guarantees that, as with "
                "Heartbeat; set exclusive = true, and add a check with a lease or a power switch"
            )
            self._report.add(group.line, Fate.APPROXIMATED, what)
        return name

    def _agent(self, group: ResourceGroup, script: ResourceScript) -> tuple[str, str]:
        """Return the agent for a script, and the program on this machine that it runs."""
        name = script.agent
        paths = {"heartbeat": f"{_RESOURCE_D}/{name}", "lsb": f"{_INIT_D}/{name}"}
        for kind, path in paths.items():  # Heartbeat uses the same order
            if self._exists(path):
                return f"{kind}:{name}", f"the script {path}"
        units = (f"{directory}/{name}.service" for directory in _UNITS)
        if not script.arguments and any(map(self._exists, units)):
            what = f"{name}: there is no script of that name, so its systemd unit is used"
            self._report.add(group.line, Fate.APPROXIMATED, what)
            return f"systemd:{name}", f"the unit {name}.service"
        kind = "heartbeat" if name in HEARTBEAT_SCRIPTS or script.arguments else "lsb"
        what = f"{name}: this machine has no such script or unit, so check will refuse it"
        self._report.add(group.line, Fate.APPROXIMATED, what)
        return f"{kind}:{name}", f"the script {paths[kind]}"


def _resource_name(script: ResourceScript) -> str:
    from_heartbeat = script.agent in HEARTBEAT_SCRIPTS
    wanted = "-".join((script.agent, *script.arguments[:1])) if from_heartbeat else ""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._") else "-" for c in wanted)
    return "-".join(filter(None, name.split("-")))[:50] or script.agent[:50]
