"""FRR: zebra and vrrpd as user frr, the virtual MAC on a macvlan that must exist beforehand."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from drivers.base import Daemon, RouterDaemon
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import OutputLine, SpawnedProcess
from results.timeline import LabEvent

_DAEMONS = Path("/usr/lib/frr")
_PATIENCE = 10.0
_GLANCE = 0.05


@dataclass(frozen=True, slots=True)
class VrrpDevice:
    """The macvlan that carries the virtual MAC and the addresses of one virtual router."""

    vrid: int
    addresses: tuple[str, ...]  # with prefix length
    interface: str  # below it

    @property
    def ipv6(self) -> bool:
        """Whether the addresses are IPv6."""
        return ":" in self.addresses[0]

    @property
    def name(self) -> str:
        """The name of the macvlan."""
        return f"vrrp{'6' if self.ipv6 else '4'}-{self.vrid}"

    @property
    def mac(self) -> str:
        """The virtual MAC."""
        return f"00:00:5e:00:{'02' if self.ipv6 else '01'}:{self.vrid:02x}"


class FrrDaemon(Daemon):
    """zebra and vrrpd, with a configuration of vrrpd and macvlans that a subclass or caller sets.

    FRR always uses the virtual MAC and takes priorities from 1 to 254.
    """

    implementation: ClassVar[str] = "frr"

    devices: Sequence[VrrpDevice] = ()
    configuration: str = ""
    _zebra: SpawnedProcess | None = None

    def prepare(self) -> None:
        """Make the macvlans that are not there and start zebra, which finds them."""
        shutil.chown(self.directory, "frr", "frr")
        self.directory.parent.chmod(0o755)
        present = self.host.run("ip", "-br", "link")
        missing = [device for device in self.devices if f"{device.name}@" not in present]
        if missing:
            self._make(missing)
        self._zebra = self._daemon("zebra", Path("/dev/null"))
        self._ask_until("zebra", "show interface brief", self.devices[-1].name)

    def start(self) -> None:
        """Start zebra if it does not run, then vrrpd with the configuration."""
        if self._zebra is None or not self._zebra.running:
            self.prepare()
        file = self.directory / "vrrpd.conf"
        file.write_text(self.configuration, encoding="utf-8")
        file.chmod(0o644)
        self.process = self._daemon("vrrpd", file)

    def stop(self) -> None:
        """SIGTERM to both; vrrpd says priority 0."""
        super().stop()
        if self._zebra is not None:
            self._zebra.stop()

    def kill(self) -> None:
        """SIGKILL both."""
        if self._zebra is not None:
            self._zebra.kill()
        super().kill()

    def _make(self, devices: Sequence[VrrpDevice]) -> None:
        # Only the macvlan may answer for the virtual address, not the interface below it.
        self.host.tune({f"ipv4/conf/{scope}/arp_ignore": 1 for scope in ("all", "default")})
        lines: list[str] = []
        for device in devices:
            name = device.name
            below = f"link {device.interface} address {device.mac}"
            lines += [
                f"link add {name} {below} type macvlan mode bridge",
                f"link set {name} addrgenmode {'random' if device.ipv6 else 'none'}",
                f"link set {name} protodown on",
                *(f"address add {address} dev {name}" for address in device.addresses),
                f"link set {name} up",
            ]
        self.host.ip(*lines)

    def _daemon(self, name: str, file: Path) -> SpawnedProcess:
        return self.host.spawn(
            *(str(_DAEMONS / name), "-u", "frr", "-g", "frr", "-f", str(file)),
            *("-z", str(self.directory / "zserv"), "-i", str(self.directory / f"{name}.pid")),
            *("--vty_socket", str(self.directory), "-P", "0", "--log", "stdout"),
            hear=self._hear,
        )

    def _ask_until(self, daemon: str, question: str, expected: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                if expected in self._vtysh(daemon, question):
                    return
            except BenchError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise BenchError(f"{self.host.name}: {daemon} does not know {expected}")
            time.sleep(_GLANCE)

    def _vtysh(self, daemon: str, *commands: str) -> str:
        arguments = (argument for command in commands for argument in ("-c", command))
        return self.host.run(
            *("vtysh", "--vty_socket", str(self.directory), "-d", daemon, *arguments)
        )

    def _hear(self, line: OutputLine) -> None:
        self.note(LabEvent(line.time, "log", self.host.name, {"text": line.text}))
        for state in ("Master", "Backup", "Initialize"):
            if f"-> {state}" in line.text:
                what = {"state": state.upper(), "reason": line.text}
                self.note(LabEvent(line.time, "state", self.host.name, what))


class FrrRouter(FrrDaemon, RouterDaemon):
    """One virtual router of FRR."""

    virtual_mac: ClassVar[bool] = True
    checks: ClassVar[bool] = False

    @classmethod
    def missing(cls) -> str:
        """Say what is not installed."""
        if (_DAEMONS / "vrrpd").exists() and shutil.which("vtysh"):
            return ""
        return "frr"

    def start(self) -> None:
        """Start both daemons."""
        settings = self.settings
        self.devices = (VrrpDevice(settings.vrid, settings.addresses, settings.interface),)
        lines = router_lines(
            settings.vrid,
            settings.addresses,
            priority=settings.priority,
            interval_ms=settings.interval_ms,
            version=settings.version,
        )
        self.configuration = "\n".join((f"interface {settings.interface}", *lines, ""))
        super().start()


def router_lines(
    vrid: int, addresses: Sequence[str], *, priority: int, interval_ms: int, version: int = 3
) -> Iterator[str]:
    """Yield the lines of one virtual router, to be put below the line of its interface."""
    yield f" vrrp {vrid} version {version}"
    yield f" vrrp {vrid} priority {priority}"
    yield f" vrrp {vrid} advertisement-interval {interval_ms}"
    for address in addresses:
        family = "ipv6" if ":" in address else "ip"
        yield f" vrrp {vrid} {family} {address.partition('/')[0]}"
