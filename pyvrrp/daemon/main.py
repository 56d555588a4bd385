"""The composition root: wires the runtime to Linux and runs until told to stop."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from pyvrrp.config.model import Configuration
from pyvrrp.daemon.control_socket import ControlSocket
from pyvrrp.daemon.foundation import Foundation
from pyvrrp.daemon.logs import LogFormat
from pyvrrp.daemon.snapshot import Json, Snapshots
from pyvrrp.net import privileges
from pyvrrp.net.guardian import Guardian
from pyvrrp.runtime.journal import Journal
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Options:
    """How the daemon shows itself."""

    log_format: LogFormat = LogFormat.TEXT


def run(configuration: Configuration, guardian: Guardian | None, options: Options) -> int:
    """Run until a signal asks to stop; return the exit status. Raise KernelError at start only."""
    privileges.check(
        namespaces=any(config.id.place.netns for config in configuration.virtual_routers)
    )
    with asyncio.Runner() as runner:
        return runner.run(_Daemon(configuration, guardian, options).live())


class _Daemon:
    def __init__(
        self, configuration: Configuration, guardian: Guardian | None, options: Options
    ) -> None:
        self._configuration = configuration
        self._guardian = guardian
        self._options = options

    async def live(self) -> int:
        foundation = Foundation(self._guardian, self._options.log_format)
        journal = foundation.journal
        supervisor = Supervisor(self._configuration, foundation.ports, journal)
        control = ControlSocket(
            self._configuration.control_socket, _handlers(Snapshots(supervisor, foundation.clock))
        )
        try:
            await control.open()
            foundation.obey()
            self._greet(journal)
            supervisor.start()
            foundation.ready()
            await foundation.asked_to_stop()
            await _stopped(supervisor)
            journal.record("stopped", "stopped")
        finally:
            await control.close()
            await foundation.close()
        return 0

    def _greet(self, journal: Journal) -> None:
        names = ", ".join(config.name for config in self._configuration.virtual_routers)
        journal.record(
            "started",
            f"node {self._configuration.node} runs {names}",
            fields={"node": self._configuration.node, "pid": os.getpid()},
        )


async def _stopped(supervisor: Supervisor) -> None:
    done = asyncio.Event()
    supervisor.stop(done.set)
    await done.wait()


def _handlers(snapshots: Snapshots) -> dict[str, Callable[[], dict[str, Json]]]:
    return {"status": lambda: snapshots.take(Nanoseconds(time.time_ns()))}
