"""pyvrrp, through its command line alone."""

import json
import sys
from pathlib import Path
from typing import ClassVar

from experiments.timeline import Event

from drivers.base import Router
from pyvrrp.testing.commands import run
from pyvrrp.testing.processes import Line

COMMAND = Path(sys.prefix) / "bin" / "pyvrrp"

_CONFIGURATION = """node = "{node}"
control_socket = "{socket}"

[[virtual_router]]
name = "web"
interface = "{interface}"
vrid = {vrid}
priority = {priority}
version = {version}
addresses = [{addresses}]
advertisement_interval = "{interval}ms"
"""

# A repeated measurement breaks the service again and again, which flap damping would slow down.
_CHECK = """checks = ["web"]
hold_down = { ceiling = "5s" }

[check.web]
http = "http://127.0.0.1:8080/health"
interval = "1s"
timeout = "800ms"
rise = 2
fall = 2
"""


class PyvrrpRouter(Router):
    """pyvrrp in its default configuration."""

    implementation: ClassVar[str] = "pyvrrp"

    @classmethod
    def missing(cls) -> str:
        """Say what is not installed."""
        return "" if COMMAND.exists() else str(COMMAND)

    @property
    def socket(self) -> Path:
        """Where `pyvrrp status` asks."""
        return self.directory / "control.sock"

    def start(self) -> None:
        """Write the configuration and start it."""
        file = self.directory / "pyvrrp.toml"
        file.write_text(self._configuration(), encoding="utf-8")
        self.process = self.host.spawn(
            *(str(COMMAND), "run", "-c", str(file), "--log-format", "json"), hear=self._hear
        )

    def kill_daemon(self) -> None:
        """SIGKILL the daemon and leave its guardian."""
        self.running().kill_alone()
        self.note_down("killed with SIGKILL")

    def status(self) -> dict[str, object]:
        """Return what `pyvrrp status --json` says."""
        said = run(str(COMMAND), "status", "--json", "--socket", str(self.socket))
        status: dict[str, object] = json.loads(said)
        return status

    def _configuration(self) -> str:
        settings = self.settings
        text = _CONFIGURATION.format(
            node=self.host.name,
            socket=self.socket,
            interface=settings.interface,
            vrid=settings.vrid,
            priority=settings.priority,
            version=settings.version,
            addresses=", ".join(f'"{address}"' for address in settings.addresses),
            interval=settings.interval_ms,
        )
        return text + (_CHECK if settings.check else "")

    def _hear(self, line: Line) -> None:
        try:
            event = json.loads(line.text)
            at, name = float(event["time"]), str(event["event"])
        except (ValueError, TypeError, KeyError):
            self.note(Event(line.time, "log", self.host.name, {"text": line.text}))
            return
        if name == "transition":
            what = {"state": event["to"], "reason": event.get("reason", "")}
            self.note(Event(at, "state", self.host.name, what))
        else:
            self.note(Event(at, "log", self.host.name, event))
