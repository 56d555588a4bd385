"""One host of a play: its daemon, its helpers, and the ways it can be broken."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers import DRIVERS, Daemon, Settings
from drivers.keepalived import KeepalivedDaemon
from drivers.pyvrrp_daemon import PyvrrpDaemon
from pyvrrp.testing.commands import run
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.ownership import kill_inside
from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host, Segment
from results.timeline import Timeline

_PATIENCE = 5.0


class LabNode:
    """A host of a play. It runs at most one daemon. `directory` belongs to it alone."""

    def __init__(self, host: Host, directory: Path, timeline: Timeline) -> None:
        self.host = host
        self.name = host.name
        self.directory = directory
        self.daemon: Daemon | None = None
        self.own: set[str] = set()  # addresses it has without being master of anything
        self._timeline = timeline
        self._cables: list[tuple[Segment, str, tuple[str, ...]]] = []
        self._helpers: dict[tuple[str, ...], SpawnedProcess] = {}  # by command, to start them again
        directory.mkdir(parents=True, exist_ok=True)

    # --- building ---------------------------------------------------------------------------

    def attach(self, segment: Segment, *addresses: str, interface: str = "eth0") -> None:
        """Connect *interface*, with these addresses, to *segment*."""
        segment.attach(self.host, *addresses, interface=interface)
        self._cables.append((segment, interface, addresses))
        self.own |= self.host.addresses(interface)

    def pyvrrp(self, configuration: str) -> PyvrrpDaemon:
        """Give it a pyvrrp with this TOML text (without `node` and `control_socket`).

        `${DIRECTORY}` in it is the node's own directory.
        """
        self.daemon = daemon = PyvrrpDaemon(
            self.host, self.directory, self._timeline.add, configuration
        )
        return daemon

    def keepalived(self, configuration: str) -> KeepalivedDaemon:
        """Give it a keepalived with this text."""
        self.daemon = daemon = KeepalivedDaemon(
            self.host, self.directory, self._timeline.add, configuration
        )
        return daemon

    def router(self, implementation: str, settings: Settings) -> Daemon:
        """Give it any implementation with one virtual router: to compare one with another."""
        driver = DRIVERS[implementation]
        self.daemon = daemon = driver(self.host, settings, self.directory, self._timeline.add)
        return daemon

    @property
    def helpers(self) -> list[SpawnedProcess]:
        """The helpers that were started last."""
        return list(self._helpers.values())

    def helper(self, module: str, *arguments: str) -> SpawnedProcess:
        """Start a module of `pyvrrp.testing` here; `power_on` starts it again."""
        command = (module, *arguments)
        self._helpers[command] = process = self.host.spawn(
            sys.executable, "-m", f"pyvrrp.testing.{module}", *arguments
        )
        return process

    def echo(self) -> SpawnedProcess:
        """Answer clients, naming this node."""
        return self.helper("measure.echo", self.name)

    def web(self, address: str = "127.0.0.1", port: int = 8080) -> None:
        """Start a web server that answers 200 until `serve` says otherwise."""
        self.helper("webserver", "--address", address, "--port", str(port))

    def serve(self, mode: str, port: int = 8080) -> None:
        """Tell the web server on *port* what to do from now on (`500`, `hang`, ...)."""
        server = self._web(port)
        told = len(server.lines)
        server.say(mode)
        self._timeline.wait(
            lambda: len(server.lines) > told, _PATIENCE, f"{self.name}'s web server: {mode}"
        )

    # --- acting -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon."""
        self._running().start()

    def stop(self) -> None:
        """SIGTERM the daemon and wait until it has ended."""
        self._running().stop()

    def kill(self) -> None:
        """SIGKILL the daemon and everything it started (its guardian) at once."""
        self._running().kill()

    def kill_daemon(self) -> None:
        """SIGKILL the daemon alone."""
        self._running().kill_daemon()

    def pause(self) -> None:
        """SIGSTOP the daemon; its children go on."""
        self._running().pause()

    def resume(self) -> None:
        """SIGCONT."""
        self._running().resume()

    def command(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `pyvrrp COMMAND ARGUMENTS --socket ...` against the daemon here."""
        return self._pyvrrp().command(command, *arguments)

    def virtual_router(self, name: str = "") -> dict[str, Any]:
        """Return what `pyvrrp status --json` says of the virtual router of that name (the first).

        BenchError if the daemon does not answer.
        """
        asked = self.command("status", *([name] if name else []), "--json")
        if not asked.stdout:
            raise BenchError(f"{self.name}: pyvrrp status: {asked.stderr.strip()}")
        found: dict[str, Any] = json.loads(asked.stdout)["virtual_routers"][0]
        return found

    def daemon_events(self, name: str) -> list[dict[str, object]]:
        """Return the events of that name that its pyvrrp has written since it was started last."""
        return self._pyvrrp().events(name)

    def order(self, command: str, *arguments: str) -> str:
        """Run such a command, which must succeed, and return what it printed."""
        finished = self.command(command, *arguments)
        if finished.returncode != 0:
            raise BenchError(f"{self.name}: pyvrrp {command}: {finished.stderr.strip()}")
        return finished.stdout

    def ip(self, *lines: str) -> None:
        """Run `ip` commands here."""
        self.host.ip(*lines)

    def power_off(self) -> None:
        """Cut every cable and end every process here at once; no address survives it."""
        pids = [int(pid) for pid in run("ip", "netns", "pids", self.host.namespace).split()]
        self._each_cable(lambda segment, interface: segment.cut(self.host, interface=interface))
        for pid in pids:
            _stop(pid)  # so that none reacts to the death of another
        kill_inside(self.host.namespace)
        if self.daemon is not None:
            self.daemon.note_down("power off")
        self._forget()

    def power_on(self) -> None:
        """Bring cables and helpers back; the daemon is started by `start`."""
        self._each_cable(lambda segment, interface: segment.heal(self.host, interface=interface))
        for module, *arguments in list(self._helpers):
            self._wait_for_first_word(self.helper(module, *arguments), module)

    # --- inside -----------------------------------------------------------------------------

    def _wait_for_first_word(self, helper: SpawnedProcess, module: str) -> None:
        self._timeline.wait(lambda: helper.lines, _PATIENCE, module)

    def _pyvrrp(self) -> PyvrrpDaemon:
        if not isinstance(self.daemon, PyvrrpDaemon):
            raise BenchError(f"{self.name} has no pyvrrp that could be asked")
        return self.daemon

    def _running(self) -> Daemon:
        if self.daemon is None:
            raise BenchError(f"{self.name} has no daemon")
        return self.daemon

    def _web(self, port: int) -> SpawnedProcess:
        for command, process in self._helpers.items():
            if command[0] == "webserver" and command[-1] == str(port):
                return process
        raise BenchError(f"{self.name} has no web server on port {port}")

    def _each_cable(self, act: Callable[[Segment, str], None]) -> None:
        for segment, interface, _addresses in self._cables:
            act(segment, interface)

    def _forget(self) -> None:
        """Take everything away that a machine does not have when it is switched on."""
        for _segment, interface, addresses in self._cables:
            self.host.ip(
                f"address flush dev {interface} scope global",
                *(f"address add {address} dev {interface}" for address in addresses),
            )
            link_local = {each for each in self.host.addresses(interface) if each not in self.own}
            self.host.ip(*(f"address flush dev {interface} to {each}" for each in link_local))


def _stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGSTOP)
    except ProcessLookupError:
        return
