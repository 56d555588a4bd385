"""Daemons on a network of their own, each started as a user starts it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host, Network, Segment
from tests.support.patience import PATIENCE

VIP = "192.0.2.100"


def eventually(what: str, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"still not so: {what}"
        time.sleep(0.02)


@dataclass
class Daemon:
    host: Host
    process: SpawnedProcess
    socket: Path
    config: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def status(self) -> dict[str, object]:
        done = pyvrrp("status", "--json", "--socket", str(self.socket))
        assert done.returncode == 0, done.stderr
        routers = json.loads(done.stdout)["virtual_routers"]
        first = routers[0]
        assert isinstance(first, dict)
        return first

    def counter(self, name: str) -> int:
        counters = self.status()["counters"]
        assert isinstance(counters, dict)
        return int(counters[name])

    def events(self, name: str) -> list[dict[str, object]]:
        told = [json.loads(line.text) for line in list(self.process.lines) if not line.error]
        return [event for event in told if event["event"] == name]

    def holds(self, address: str = VIP) -> bool:
        return address in self.host.addresses("eth0")


def pyvrrp(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyvrrp", *words], capture_output=True, text=True, check=False
    )


@dataclass
class Bench:
    network: Network
    lan: Segment
    directory: Path
    hosts: dict[str, Host] = field(default_factory=dict)

    def host(self, name: str, number: int) -> Host:
        self.hosts[name] = self.lan.host(name, f"192.0.2.{number}/24")
        return self.hosts[name]

    def start(
        self, host: Host, priority: int, more: str = "", top: str = "", interval: str = "100ms"
    ) -> Daemon:
        config = self.directory / f"{host.name}.toml"
        control = self.directory / f"{host.name}.sock"
        config.write_text(
            f'node = "{host.name}"\ncontrol_socket = "{control}"\n'
            f'state_file = "{self.directory / host.name}.json"\n{top}\n'
            f'[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 51\n'
            f'priority = {priority}\naddresses = ["{VIP}/24"]\n'
            f'advertisement_interval = "{interval}"\n{more}\n'
        )
        process = host.spawn(
            sys.executable, "-m", "pyvrrp", "run", "-c", str(config), "--log-format", "json"
        )
        daemon = Daemon(host, process, control, config)
        eventually("the daemon answers", lambda: control.is_socket() or not process.running)
        assert process.running, process.lines
        return daemon
