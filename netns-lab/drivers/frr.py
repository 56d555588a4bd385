"""FRR: zebra and vrrpd as user frr, the virtual MAC on a macvlan that must exist beforehand."""

import shutil
import time
from pathlib import Path
from typing import ClassVar

from experiments.timeline import Event

from drivers.base import Router
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import Line, Process

_DAEMONS = Path("/usr/lib/frr")
_PATIENCE = 10.0
_GLANCE = 0.05


class FrrRouter(Router):
    """FRR always uses the virtual MAC and takes priorities from 1 to 254."""

    implementation: ClassVar[str] = "frr"
    virtual_mac: ClassVar[bool] = True
    checks: ClassVar[bool] = False

    _zebra: Process | None = None

    @classmethod
    def missing(cls) -> str:
        """Say what is not installed."""
        if (_DAEMONS / "vrrpd").exists() and shutil.which("vtysh"):
            return ""
        return "frr"

    def start(self) -> None:
        """Make the macvlan if it is not there, start both daemons, then configure vrrpd."""
        shutil.chown(self.directory, "frr", "frr")
        self.directory.parent.chmod(0o755)
        if self._device not in self.host.run("ip", "-br", "link"):
            self._make_device()
        self._zebra = self._daemon("zebra")
        self._ask_until("zebra", "show interface brief", self._device)
        self.process = self._daemon("vrrpd")
        settings = self.settings
        vrrp = f"vrrp {settings.vrid}"
        self._ask_until("vrrpd", "show vrrp", "")
        self._configure(
            f"{vrrp} version {settings.version}",
            f"{vrrp} priority {settings.priority}",
            f"{vrrp} advertisement-interval {settings.interval_ms}",
            *(
                f"{vrrp} {'ipv6' if settings.ipv6 else 'ip'} {address.partition('/')[0]}"
                for address in settings.addresses
            ),
        )

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

    @property
    def _device(self) -> str:
        return f"vrrp{'6' if self.settings.ipv6 else '4'}-{self.settings.vrid}"

    def _make_device(self) -> None:
        settings = self.settings
        mac = f"00:00:5e:00:{'02' if settings.ipv6 else '01'}:{settings.vrid:02x}"
        # Only the macvlan may answer for the virtual address, not the interface below it.
        self.host.tune({f"ipv4/conf/{scope}/arp_ignore": 1 for scope in ("all", "default")})
        self.host.ip(
            f"link add {self._device} link {settings.interface} address {mac} "
            "type macvlan mode bridge",
            f"link set {self._device} addrgenmode random",
            f"link set {self._device} protodown on",
            *(f"address add {address} dev {self._device}" for address in settings.addresses),
            f"link set {self._device} up",
        )

    def _daemon(self, name: str) -> Process:
        return self.host.spawn(
            *(str(_DAEMONS / name), "-u", "frr", "-g", "frr", "-f", "/dev/null"),
            *("-z", str(self.directory / "zserv"), "-i", str(self.directory / f"{name}.pid")),
            *("--vty_socket", str(self.directory), "-P", "0", "--log", "stdout"),
            hear=self._hear,
        )

    def _configure(self, *lines: str) -> None:
        commands = ("configure terminal", f"interface {self.settings.interface}", *lines)
        said = self._vtysh("vrrpd", *commands)
        if "%" in said or "rror" in said:
            raise BenchError(f"{self.host.name}: vrrpd did not take its configuration: {said}")

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

    def _hear(self, line: Line) -> None:
        self.note(Event(line.time, "log", self.host.name, {"text": line.text}))
        for state in ("Master", "Backup", "Initialize"):
            if f"-> {state}" in line.text:
                what = {"state": state.upper(), "reason": line.text}
                self.note(Event(line.time, "state", self.host.name, what))
