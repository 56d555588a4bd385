"""pyvrrp, through its command line alone."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from drivers.base import Daemon, RouterDaemon
from drivers.toml_text import fenced_by_web, virtual_router
from pyvrrp.testing.commands import run
from pyvrrp.testing.processes import OutputLine, SpawnedProcess
from pyvrrp.testing.segment import Host
from results.timeline import LabEvent

COMMAND = Path(sys.prefix) / "bin" / "pyvrrp"
_COMMAND_PATIENCE = 30.0
_ANOTHER_CLOCK = 60.0  # seconds by which a daemon's clock may differ from the lab's


# A repeated measurement breaks the service again and again, which flap damping would slow down.
_CHECK = fenced_by_web('ceiling = "5s"', interval="1s", timeout="800ms")


class PyvrrpDaemon(Daemon):
    """pyvrrp with a TOML text of the caller's own.

    `node`, `control_socket` and `state_file` are written before it; `${DIRECTORY}` in it is the
    node's own directory, for its scripts, state and logs.
    """

    implementation: ClassVar[str] = "pyvrrp"

    def __init__(
        self, host: Host, directory: Path, note: Callable[[LabEvent], None], configuration: str
    ) -> None:
        super().__init__(host, directory, note)
        self.configuration = configuration
        self.options: tuple[str, ...] = ()  # further arguments of `pyvrrp run`
        self.program: tuple[str, ...] = (str(COMMAND),)
        self.log: Path | None = None  # where it writes its log, instead of to the lab

    @property
    def socket(self) -> Path:
        """Where `pyvrrp status` asks."""
        return self.directory / "control.sock"

    @property
    def file(self) -> Path:
        """The configuration."""
        return self.directory / "pyvrrp.toml"

    def write(self) -> None:
        """Write the configuration: for a reload."""
        self.file.write_text(head(self) + self.configuration, encoding="utf-8")

    def start(self) -> None:
        """Write the configuration and start it."""
        self.write()
        self.environment.setdefault("DIRECTORY", str(self.directory))
        self.process = spawn(self, *self.options, program=self.program, log=self.log)

    def output(self) -> str:
        """Return what it printed, or what is in its log."""
        if self.log is not None and self.log.exists():
            return self.log.read_text(encoding="utf-8", errors="replace")
        return super().output()

    def kill_daemon(self) -> None:
        """SIGKILL the daemon and leave its guardian."""
        kill_alone(self)

    def command(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of pyvrrp that asks this daemon, and return how it ended."""
        return subprocess.run(
            (str(COMMAND), command, *arguments, "--socket", str(self.socket)),
            capture_output=True,
            text=True,
            timeout=_COMMAND_PATIENCE,
            check=False,
        )

    def status(self) -> dict[str, object]:
        """Return what `pyvrrp status --json` says."""
        return status(self.socket)

    def events(self, name: str) -> list[dict[str, object]]:
        """Return the events of that name since it was started last."""
        lines = [] if self.process is None else list(self.process.lines)
        told = [json.loads(line.text) for line in lines if line.text.startswith("{")]
        return [event for event in told if event.get("event") == name]


class PyvrrpRouter(RouterDaemon):
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
        self.process = spawn(self)

    def kill_daemon(self) -> None:
        """SIGKILL the daemon and leave its guardian."""
        kill_alone(self)

    def status(self) -> dict[str, object]:
        """Return what `pyvrrp status --json` says."""
        return status(self.socket)

    def _configuration(self) -> str:
        settings = self.settings
        keys = (f"priority = {settings.priority}", f"version = {settings.version}")
        return (
            head(self)
            + virtual_router(
                "web",
                settings.vrid,
                settings.addresses,
                settings.interval_ms,
                *keys,
                interface=settings.interface,
            )
            + (_CHECK if settings.check else "")
        )


def head(daemon: Daemon) -> str:
    """Return the keys that every configuration of the lab begins with."""
    return (
        f'node = "{daemon.host.name}"\ncontrol_socket = "{daemon.directory}/control.sock"\n'
        f'state_file = "{daemon.directory}/state.json"\n'
    )


def spawn(
    daemon: Daemon,
    *options: str,
    program: Sequence[str] = (str(COMMAND),),
    log: Path | None = None,
) -> SpawnedProcess:
    """Start `pyvrrp run` with the file `pyvrrp.toml` of the daemon's directory."""
    file = daemon.directory / "pyvrrp.toml"
    into = () if log is None else ("sh", "-c", 'exec "$@" >>"$0"', str(log))
    return daemon.host.spawn(
        *(*into, *program, "run", "-c", str(file), "--log-format", "json", *options),
        hear=partial(_hear, daemon),
        environment=daemon.environment,
    )


def kill_alone(daemon: Daemon) -> None:
    """SIGKILL the daemon and leave its guardian."""
    daemon.running().kill_alone()
    daemon.note_down("killed with SIGKILL")


def status(socket: Path) -> dict[str, object]:
    """Return what `pyvrrp status --json` says."""
    said: dict[str, object] = json.loads(
        run(str(COMMAND), "status", "--json", "--socket", str(socket))
    )
    return said


def _hear(daemon: Daemon, line: OutputLine) -> None:
    node = daemon.host.name
    try:
        event = json.loads(line.text)
        at, name = float(event["time"]), str(event["event"])
    except (ValueError, TypeError, KeyError):
        daemon.note(LabEvent(line.time, "log", node, {"text": line.text}))
        return
    if abs(at - line.time) > _ANOTHER_CLOCK:
        at = line.time  # the scenario has set its clock
    if name == "transition":
        what = {
            "state": event["to"],
            "reason": event.get("reason", ""),
            "router": event.get("virtual_router", ""),
        }
        daemon.note(LabEvent(at, "state", node, what))
    else:
        daemon.note(LabEvent(at, "log", node, event))
