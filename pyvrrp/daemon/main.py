"""The composition root: wires the runtime to Linux and runs until told to stop."""

import asyncio
import contextlib
import gc
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyvrrp.config.model import Configuration
from pyvrrp.daemon import systemd
from pyvrrp.daemon.control_socket import ControlSocket
from pyvrrp.daemon.logs import LogFormat, LogWriter
from pyvrrp.daemon.snapshot import Json, Snapshots
from pyvrrp.net import privileges
from pyvrrp.net.guardian import Guardian
from pyvrrp.net.linux import linux_ports
from pyvrrp.ports import Clock
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.runtime.journal import Journal, Level
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import Nanoseconds

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FORCED = 3


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
        self._stop = asyncio.Event()

    async def live(self) -> int:
        loop = asyncio.get_running_loop()
        probes = AsyncioProbes()
        linux = linux_ports(loop, probes, keeper=self._guardian)
        clock = linux.clock
        journal = Journal(clock)
        writer = LogWriter(clock, self._options.log_format)
        journal.listen(writer.listen)
        loop.set_exception_handler(lambda _loop, context: _report_defect(journal, context))
        supervisor = Supervisor(self._configuration, linux, journal)
        control = ControlSocket(
            self._configuration.control_socket, _handlers(Snapshots(supervisor, clock))
        )
        try:
            await control.open()
            self._obey_signals(loop)
            self._watch_guardian(loop, journal)
            self._greet(journal)
            supervisor.start()
            _settle_memory()
            systemd.notify("READY=1")
            _feed_watchdog(clock)
            await self._stop.wait()
            systemd.notify("STOPPING=1")
            await _stopped(supervisor)
            journal.record("stopped", "stopped")
        finally:
            await control.close()
            await probes.close()
            # Last, as the guardian covers what the kernel has not confirmed yet.
            linux.close()
            self._dismiss_guardian(loop)
            writer.close()
        return 0

    def _greet(self, journal: Journal) -> None:
        names = ", ".join(config.name for config in self._configuration.virtual_routers)
        journal.record(
            "started",
            f"node {self._configuration.node} runs {names}",
            fields={"node": self._configuration.node, "pid": os.getpid()},
        )

    def _obey_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            # Asked twice: somebody is in a hurry. The guardian and the leases tidy up.
            os._exit(FORCED)
        self._stop.set()

    def _watch_guardian(self, loop: asyncio.AbstractEventLoop, journal: Journal) -> None:
        guardian = self._guardian
        if guardian is None:
            return

        def died() -> None:
            loop.remove_reader(guardian.fileno())
            guardian.alive()
            journal.record(
                "guardian_died",
                "the guardian died; until a restart the leases alone protect the addresses",
                level=Level.ERROR,
            )

        loop.add_reader(guardian.fileno(), died)

    def _dismiss_guardian(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._guardian is not None:
            loop.remove_reader(self._guardian.fileno())
            self._guardian.close()


def _report_defect(journal: Journal, context: dict[str, Any]) -> None:
    """Tell of a defect of pyvrrp in one line; everything else goes on."""
    error = context.get("exception")
    where = ""
    if isinstance(error, BaseException) and error.__traceback__ is not None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f" in {Path(frame.filename).name}, line {frame.lineno}"
    what = repr(error) if error is not None else str(context.get("message"))
    journal.warn_rarely("internal_error", f"defect in pyvrrp: {what}{where}", topic=what + where)


async def _stopped(supervisor: Supervisor) -> None:
    done = asyncio.Event()
    supervisor.stop(done.set)
    await done.wait()


def _handlers(snapshots: Snapshots) -> dict[str, Callable[[], dict[str, Json]]]:
    return {"status": lambda: snapshots.take(Nanoseconds(time.time_ns()))}


def _settle_memory() -> None:
    # A full collection costs 5 to 13 ms; frozen objects are never looked at again.
    gc.collect()
    gc.freeze()


def _feed_watchdog(clock: Clock) -> None:
    interval = systemd.watchdog_interval()
    if interval is None:
        return

    def feed() -> None:
        systemd.notify("WATCHDOG=1")
        clock.call_at(Nanoseconds(clock.now() + interval), feed)

    with contextlib.suppress(OSError):
        feed()
