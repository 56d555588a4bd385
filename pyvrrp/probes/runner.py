"""Runs probes on the event loop: the daemon's `pyvrrp.ports.Probes`."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from pyvrrp.clients.base.async_call import Errand
from pyvrrp.clients.base.failure import ProbeError, in_words, printable
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.base.resolver import Resolver
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.processes.regex import Patterns
from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    ExecProbeConfig,
    FileProbeConfig,
    HttpProbeConfig,
    InterfaceProbeConfig,
    PingProbeConfig,
    ProbeConfig,
    ProcessProbeConfig,
    TcpProbeConfig,
)
from pyvrrp.ports import Handle, ProbeResult
from pyvrrp.probes import arp
from pyvrrp.probes.exec import ExecProbe
from pyvrrp.probes.file import FileProbe
from pyvrrp.probes.interface import InterfaceProbe
from pyvrrp.probes.ping import PingProbe
from pyvrrp.probes.process import ProcessProbe
from pyvrrp.probes.tcp import TcpProbe
from pyvrrp.units import Nanoseconds, to_seconds
from pyvrrp.units import in_words as duration_in_words

if TYPE_CHECKING:
    from pyvrrp.probes.http import HttpProbe


class AsyncioProbes:
    """Starts probes and tells how they ended. Whatever goes wrong in one is a failed result."""

    def __init__(self) -> None:
        self._connector = Connector(Resolver())
        self._tcp = TcpProbe(self._connector)
        self._ping = PingProbe(self._connector)
        self._exec = ExecProbe()
        self._patterns = Patterns()
        self._process = ProcessProbe(self._patterns)
        self._file = FileProbe(self._patterns)
        self._interface = InterfaceProbe()
        self._running: set[Errand[ProbeResult]] = set()

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Look once; call *done* once, from the loop, *timeout* later at the latest."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        progress = Progress(began, began + to_seconds(timeout))
        task = loop.create_task(self._result(probe, timeout, progress))
        running = Errand(task, done, self._running)
        self._running.add(running)
        return running

    async def close(self) -> None:
        """Call off what is under way and wait until its sockets are closed, its programs dead."""
        running = tuple(self._running)
        for each in running:
            each.cancel()
        await asyncio.gather(*(each.task for each in running), return_exceptions=True)
        await self._exec.close()
        self._patterns.close()

    async def _result(
        self, probe: ProbeConfig, budget: Nanoseconds, progress: Progress
    ) -> ProbeResult:
        try:
            async with asyncio.timeout_at(progress.deadline):
                return ProbeResult(passed=True, reason=await self._look(probe, progress))
        except ProbeError as error:
            reason = str(error)
        except OSError as error:
            # The kernel's own ETIMEDOUT is the same class, but has a number.
            if isinstance(error, TimeoutError) and error.errno is None:
                reason = _overdue(progress, budget)
            else:
                reason = in_words(error)
        except Exception as error:  # noqa: BLE001 - a bug in a probe must fence, not kill
            reason = f"internal error: {printable(repr(error))}"
        self._connector.doubt(progress)
        return ProbeResult(passed=False, reason=reason)

    async def _look(self, probe: ProbeConfig, progress: Progress) -> str:
        match probe:
            case HttpProbeConfig():
                return await self._http.look(probe, progress)
            case TcpProbeConfig():
                return await self._tcp.look(probe, progress)
            case ExecProbeConfig():
                return await self._exec.look(probe, progress)
            case PingProbeConfig():
                return await self._ping.look(probe, progress)
            case ArpProbeConfig():
                return await arp.look(probe, progress)
            case ProcessProbeConfig():
                return await self._process.look(probe, progress)
            case FileProbeConfig():
                return await self._file.look(probe, progress)
            case InterfaceProbeConfig():
                return await self._interface.look(probe, progress)
            case _:
                assert_never(probe)

    @cached_property
    def _http(self) -> "HttpProbe":
        # Here, so that a daemon without HTTP checks has neither h11 nor OpenSSL contexts.
        from pyvrrp.probes.http import HttpProbe  # noqa: PLC0415

        return HttpProbe(self._connector, self._patterns)


def _overdue(progress: Progress, budget: Nanoseconds) -> str:
    time = duration_in_words(budget)
    return (
        f"{progress.overdue} {time}"
        if progress.overdue
        else (f"timed out after {time} {progress.phase}")
    )
