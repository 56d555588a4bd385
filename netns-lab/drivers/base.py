"""What the lab asks of an implementation of VRRP, and what it tells it."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP, Signals
from typing import ClassVar

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import SpawnedProcess, descendants
from pyvrrp.testing.segment import Host
from results.timeline import LabEvent


@dataclass(frozen=True, slots=True)
class Settings:
    """One virtual router, in words every implementation understands."""

    priority: int
    addresses: tuple[str, ...]  # with prefix length; for IPv6 the link-local one first
    interval_ms: int = 1000
    version: int = 3
    vrid: int = 51
    interface: str = "eth0"
    check: bool = False  # http://127.0.0.1:8080/health, every second, 2 to fall, 2 to rise

    @property
    def ipv6(self) -> bool:
        """Whether the addresses are IPv6."""
        return ":" in self.addresses[0]


class Daemon(ABC):
    """One node running one implementation. `start` may be called again after it has ended."""

    implementation: ClassVar[str]
    several: ClassVar[bool] = False  # the daemon is several processes, one starting the others

    def __init__(self, host: Host, directory: Path, note: Callable[[LabEvent], None]) -> None:
        self.host = host
        self.directory = directory
        self.note = note
        self.process: SpawnedProcess | None = None
        self.environment: dict[str, str] = {}  # further variables
        directory.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def start(self) -> None:
        """Start it; it need not have taken part in the election yet."""

    def stop(self) -> None:
        """Stop it in an orderly way and wait until it has ended."""
        self.running().stop()
        self.note_down("stopped")

    def kill(self) -> None:
        """SIGKILL everything of it at once, helpers that would clean up included."""
        self.running().kill()
        self.note_down("killed with SIGKILL")

    def kill_daemon(self) -> None:
        """SIGKILL the daemon; helpers it started to clean up after it survive."""
        self.kill()

    def pause(self) -> None:
        """SIGSTOP the daemon, as on a machine that is paused; a guardian goes on."""
        self._signal(SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(SIGCONT)

    def note_down(self, why: str) -> None:
        """Note that it runs no longer: a dead daemon cannot say so itself."""
        self.note(LabEvent(time.time(), "state", self.host.name, {"state": "DOWN", "reason": why}))

    def running(self) -> SpawnedProcess:
        """Return the process."""
        if self.process is None:
            raise BenchError(f"{self.host.name}: {self.implementation} was not started")
        return self.process

    def output(self) -> str:
        """Return what it printed since it was started last."""
        return "" if self.process is None else self.process.output

    def _signal(self, number: Signals) -> None:
        pid = self.running().pid
        for each in (pid, *(descendants(pid) if self.several else ())):
            with suppress(ProcessLookupError):
                os.kill(each, number)


class RouterDaemon(Daemon):
    """One node with one virtual router, described in words every implementation understands."""

    virtual_mac: ClassVar[bool] = False
    checks: ClassVar[bool] = True

    def __init__(
        self, host: Host, settings: Settings, directory: Path, note: Callable[[LabEvent], None]
    ) -> None:
        super().__init__(host, directory, note)
        self.settings = settings

    @classmethod
    @abstractmethod
    def missing(cls) -> str:
        """Say what is not installed; empty if it can run."""
