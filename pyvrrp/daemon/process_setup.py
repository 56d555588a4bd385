"""What a command that runs long needs: ports, journal, log, signals, the guardian."""

import asyncio
import contextlib
import gc
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pyvrrp.daemon import systemd
from pyvrrp.daemon.logs import LogFormat, LogWriter
from pyvrrp.daemon.on_demand import CommandsOnDemand, EtcdOnDemand, ProbesOnDemand, StartedProber
from pyvrrp.daemon.signals import IGNORED
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.linux import linux_ports
from pyvrrp.net.system.libc import trim_memory
from pyvrrp.ports import Clock, Ports
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.units import Nanoseconds

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
FORCED = 3


class Foundation:
    """The ports and the journal of this process. Made in the event loop; raises KernelError."""

    def __init__(
        self,
        guardian: GuardianProcess | None,
        log_format: LogFormat,
        prober: StartedProber | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._guardian = guardian
        self.prober = None if prober is None else prober.supervised(self._prober_lost)
        self._probes = ProbesOnDemand(self.prober)
        self._commands = CommandsOnDemand(guardian)
        self._linux = linux_ports(
            self._loop,
            self._probes,
            EtcdOnDemand(self.prober),
            self._commands,
            guardian=guardian,
        )
        self.stop = asyncio.Event()  # set when a signal asks for it
        self.journal = Journal(self._linux.clock)
        self._writer = LogWriter(self._linux.clock, log_format)
        self.journal.listen(self._writer.listen)
        self._loop.set_exception_handler(
            lambda _loop, context: _report_defect(self.journal, context)
        )

    @property
    def ports(self) -> Ports:
        """The ports of this machine."""
        return self._linux

    @property
    def clock(self) -> Clock:
        """The clock of the ports."""
        return self._linux.clock

    def obey(self, reports: Mapping[int, Callable[[], None]]) -> None:
        """React to signals, and to the end of the guardian, from now on.

        *reports* has what is done on signals that do not stop the process.
        """
        for useless in IGNORED:
            signal.signal(useless, signal.SIG_IGN)
        for number, report in reports.items():
            self._loop.add_signal_handler(number, report)
        for number in STOP_SIGNALS:
            self._loop.add_signal_handler(number, self.ask_to_stop)
        if self._guardian is not None:
            self._loop.add_reader(self._guardian.fileno(), self._guardian_died, self._guardian)

    def ready(self) -> None:
        """Tell systemd that the daemon is ready, and regularly from now on that it runs."""
        _settle_memory()
        systemd.notify("READY=1")
        self._feed_watchdog()

    def ask_to_stop(self) -> None:
        """Stop in order; asked for a second time, end this process at once."""
        if self.stop.is_set():
            # The guardian removes what is left.
            os._exit(FORCED)
        self.stop.set()

    async def asked_to_stop(self) -> None:
        """Wait until a signal asks to stop."""
        await self.stop.wait()
        systemd.notify("STOPPING=1")

    async def close(self) -> None:
        """Close everything."""
        await self._probes.close()
        if self.prober is not None:
            await self.prober.close()
        await self._commands.close()
        # The guardian comes last: it removes addresses whose removal is not confirmed.
        self._linux.close()
        if self._guardian is not None:
            self._loop.remove_reader(self._guardian.fileno())
            self._guardian.close()
        self._writer.close()

    def _feed_watchdog(self) -> None:
        interval = systemd.watchdog_interval()
        if interval is None:
            return

        def feed() -> None:
            systemd.notify("WATCHDOG=1")
            self.clock.call_at(Nanoseconds(self.clock.now() + interval), feed)

        with contextlib.suppress(OSError):
            feed()

    def _prober_lost(self, why: str) -> None:
        self.journal.warn_rarely(
            "prober_lost",
            f"the prober is lost and will be started again: {why}",
            fields={"reason": why},
        )

    def _guardian_died(self, guardian: GuardianProcess) -> None:
        self._loop.remove_reader(guardian.fileno())
        guardian.alive()
        self.journal.record(
            "guardian_died",
            "the guardian died; until a restart only the address leases protect",
            level=Level.ERROR,
        )


def _settle_memory() -> None:
    # A full garbage collection takes 5 to 13 ms. It ignores frozen objects.
    gc.collect()
    gc.freeze()
    # The configuration has left 0.6 MB of free blocks.
    trim_memory()


def _report_defect(journal: Journal, context: dict[str, Any]) -> None:
    """Report an unexpected exception in one line. The daemon continues."""
    error = context.get("exception")
    where = ""
    if isinstance(error, BaseException) and error.__traceback__ is not None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f" in {Path(frame.filename).name}, line {frame.lineno}"
    what = repr(error) if error is not None else str(context.get("message"))
    journal.warn_rarely("internal_error", f"defect in pyvrrp: {what}{where}", topic=where)
