"""What a command that runs long needs: ports, journal, log, signals, the guardian.

It also decides what an error means that nobody has expected. One in the runtime ends the process;
one in what is around it is counted and told, and everything else goes on (decision 19).
"""

import asyncio
import contextlib
import gc
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.daemon import systemd
from pyvrrp.daemon.logs import LogFormat, LogWriter
from pyvrrp.daemon.on_demand import (
    CommandsOnDemand,
    EtcdOnDemand,
    ProbesOnDemand,
    StartedProber,
    start_prober_for,
    words_for,
)
from pyvrrp.daemon.signals import IGNORED
from pyvrrp.errors import VrrpError
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.linux import linux_ports
from pyvrrp.net.system.libc import trim_memory
from pyvrrp.ports import Clock, Ports
from pyvrrp.runtime.base.guarded_ports import Guard, guarded_ports
from pyvrrp.runtime.base.journal import Journal, JournalEvent, Level
from pyvrrp.units import Nanoseconds

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
FORCED = 3
DEFECT = 70  # the exit status after an error in the runtime (EX_SOFTWARE in sysexits.h)
LAST_LINES = 0.05  # seconds: so long the log may delay the death
LONGEST_TRACEBACK = select.PIPE_BUF  # octets; a pipe that is ready takes that many at once


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
        self._started = prober
        self.prober = None if prober is None else prober.supervised(self._prober_lost)
        self._probes = ProbesOnDemand(self.prober)
        self._etcd = EtcdOnDemand(self.prober)
        self._commands = CommandsOnDemand(guardian)
        self._linux = linux_ports(
            self._loop,
            self._probes,
            self._etcd,
            self._commands,
            guardian=guardian,
            lost=self.die,
        )
        # What enters the runtime from the world goes through it.
        self.guard = Guard(self.die)
        self._guarded = guarded_ports(self._linux, self.guard)
        self.internal_errors = 0  # those after which this process has gone on
        self.stop = asyncio.Event()  # set when a signal asks for it
        self.journal = Journal(self._linux.clock)
        self._writer = LogWriter(self._linux.clock, log_format)
        self.journal.listen(self._write)
        self._loop.set_exception_handler(lambda _loop, context: self._went_wrong(context))

    @property
    def ports(self) -> Ports:
        """The ports of this machine for the runtime: an error in a callback ends this process."""
        return self._guarded

    @property
    def clock(self) -> Clock:
        """The clock for what is around the runtime: after an error in a timer it goes on."""
        return self._linux.clock

    @contextlib.contextmanager
    def dies_of_defects(self) -> Iterator[None]:
        """End this process by `die` if an error escapes that is neither ours nor a cancellation."""
        try:
            yield
        except VrrpError:
            raise
        except Exception as error:  # noqa: BLE001 - closing in order could wait for ever
            self.die(error)

    def die(self, error: BaseException) -> NoReturn:
        """End this process at once because of *error* in the runtime. Its guardian hands over.

        Nothing is closed: the kernel does that, and what is closed in order may call the runtime.
        """
        try:
            lines = "".join(traceback.format_exception(error, limit=-20))
            self.journal.record(
                "internal_error",
                f"defect in pyvrrp: {_described(error)}; this process ends, "
                "as the state of the election is unknown",
                level=Level.ERROR,
                fields={"fatal": True, "traceback": lines[-LONGEST_TRACEBACK:]},
            )
            self._writer.close(LAST_LINES)
            _write_to_stderr(lines)
        finally:
            os._exit(DEFECT)

    def have_prober_for(self, configuration: Configuration) -> None:
        """Have a prober before *configuration* is used, if it needs one."""
        words = words_for(configuration)
        if words is None:
            return
        if self._started is not None:
            self._started.needs_too(words)
            return
        self._started = start_prober_for(configuration)
        if self._started is not None:
            self.prober = self._started.supervised(self._prober_lost)
            self._probes.prober = self._etcd.prober = self.prober

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

    def _went_wrong(self, context: dict[str, Any]) -> None:
        """Report an error of what is around the runtime in one line. This process continues."""
        self.internal_errors += 1
        error = context.get("exception")
        what, where = str(context.get("message")), ""
        if isinstance(error, BaseException):
            what = _described(error)
            where = what[len(repr(error)) :]
        self.journal.warn_rarely(
            "internal_error", f"defect in pyvrrp: {what}", topic=where, fields={"fatal": False}
        )

    def _write(self, event: JournalEvent) -> None:
        # The runtime records events in the middle of its work: what the log does must not reach it.
        try:
            self._writer.listen(event)
        except Exception:  # noqa: BLE001 - it cannot be told, as that would be an event too
            self.internal_errors += 1

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


def _described(error: BaseException) -> str:
    """Return what *error* is and where it was raised."""
    if error.__traceback__ is None:
        return repr(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error!r} in {Path(frame.filename).name}, line {frame.lineno}"


def _write_to_stderr(lines: str) -> None:
    """Write the end of *lines*, unless nobody reads them: this must never wait."""
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    with contextlib.suppress(OSError, ValueError):
        _, ready, _ = select.select([], [descriptor], [], 0)
        if ready:
            os.write(descriptor, lines.encode(errors="backslashreplace")[-LONGEST_TRACEBACK:])
