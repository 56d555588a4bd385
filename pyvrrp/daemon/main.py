"""The composition root of ``pyvrrp run``: connects the runtime to Linux, and runs it."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

from pyvrrp.clients.processes.open_files import raise_limit, require
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.report.open_files import open_files_needed
from pyvrrp.daemon.control_socket import ControlSocket, Handler, Request, refuse_unknown_keys
from pyvrrp.daemon.logs import LogFormat
from pyvrrp.daemon.on_demand import StartedProber, start_prober_for
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.process_setup import Foundation
from pyvrrp.daemon.reload.reload import Reload
from pyvrrp.daemon.reload.source import STARTED_WITH_FLAGS, Source
from pyvrrp.daemon.rights.control_access import ControlAccess
from pyvrrp.daemon.rights.process_rights import (
    give_up_rights,
    prepare,
    require_rights,
    schedule_kernel_thread,
    why_restart,
)
from pyvrrp.daemon.signals import SignalReports
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import Problem
from pyvrrp.identity import Family
from pyvrrp.importers.base.report import Fate, ReportLine
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.reloading import Reloading
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """The options of the daemon that are not in its configuration."""

    log_format: LogFormat = LogFormat.TEXT
    exposures: tuple[Problem, ...] = ()  # secrets and files that others can read or replace
    report: tuple[ReportLine, ...] = ()  # what became of each line of a keepalived.conf
    files: tuple[Path, ...] = ()  # the configuration files
    source: Source = STARTED_WITH_FLAGS


def run(
    configuration: Configuration, guardian: GuardianProcess | None, options: DaemonOptions
) -> int:
    """Run until a signal asks to stop; return the exit status. Raise KernelError at start only."""
    lacks = require_rights(configuration)
    raise_limit()
    require(open_files_needed(configuration))
    prober = start_prober_for(configuration)  # before anything is opened
    prepare(configuration.process)
    give_up_rights(configuration, guardian, options.files)
    with asyncio.Runner() as runner:
        return runner.run(_Daemon(configuration, guardian, prober, options, lacks).live())


class _Daemon:
    def __init__(
        self,
        configuration: Configuration,
        guardian: GuardianProcess | None,
        prober: StartedProber | None,
        options: DaemonOptions,
        lacks: str,
    ) -> None:
        self._configuration = configuration
        self._guardian = guardian
        self._prober = prober
        self._options = options
        self._lacks = lacks  # which capabilities, in words; empty: none

    async def live(self) -> int:
        if self._guardian is not None:
            self._guardian.lock = f"{self._configuration.control_socket}.guardian"
        foundation = Foundation(self._guardian, self._options.log_format, self._prober)
        schedule_kernel_thread(self._configuration.process)
        journal = foundation.journal
        state = StateFile(self._configuration.state_file)
        drained = state.read()
        supervisor = Supervisor(self._configuration, foundation.ports, journal, drained)
        access = ControlAccess(self._configuration.process)
        orders = OperatorCommands(supervisor, state, foundation.guard, drained)
        reload = Reload(
            self._options.source,
            supervisor,
            Reloading(supervisor, foundation.ports.clock, journal),
            journal,
            foundation.guard,
            orders.drained,
            foundation.have_prober_for,
            why_restart=why_restart,
        )
        control = ControlSocket(
            self._configuration.control_socket,
            {
                "status": _status(
                    Snapshots(
                        supervisor,
                        foundation.clock,
                        lambda: foundation.prober,
                        lambda: foundation.internal_errors,
                        lambda: access.refused,
                        reload.status,
                    )
                ),
                **orders.handlers(),
                **reload.handlers(),
            },
            access,
        )
        try:
            with foundation.dies_of_defects():
                await control.open()
                reports = SignalReports(supervisor, foundation.clock, journal, reload.on_signal)
                foundation.obey(reports.handlers())
                self._greet(journal)
                supervisor.start()
                foundation.ready()
                await foundation.asked_to_stop()
                await _stopped(supervisor)
                journal.record("stopped", "stopped")
        finally:
            with foundation.dies_of_defects():
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
        for config in self._configuration.virtual_routers:
            first = next(iter(config.addresses), None)
            ipv6 = config.id.family is Family.IPV6
            if ipv6 and first is not None and not first.ip.is_link_local:
                journal.record(
                    "no_link_local_address",
                    f"advertises {first.ip} first: RFC 9568 demands a link-local "
                    "address, and routers that follow it drop what this node sends",
                    level=Level.WARNING,
                    virtual_router=config,
                )
        for line in self._options.report:
            journal.record(
                "configuration_line",
                str(line),
                level=Level.WARNING if line.fate is Fate.CHANGED else Level.INFO,
                fields={
                    "file": line.source.file,
                    "line": line.source.number,
                    "fate": str(line.fate),
                },
            )
        if self._lacks:
            journal.record(
                "lacks_capabilities",
                self._lacks,
                level=Level.WARNING,
                fields={"lacks": self._lacks},
            )
        for exposure in self._options.exposures:
            journal.record(
                "exposed", str(exposure), level=Level.WARNING, fields={"path": exposure.path}
            )


async def _stopped(supervisor: Supervisor) -> None:
    done = asyncio.Event()
    supervisor.stop(done.set)
    await done.wait()


def _status(snapshots: Snapshots) -> Handler:
    async def status(request: Request) -> dict[str, Json]:
        refuse_unknown_keys(request)
        return snapshots.take(Nanoseconds(time.time_ns()))

    return status
