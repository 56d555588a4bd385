"""Implements the port `pyvrrp.ports.Probes` on the event loop."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from pyvrrp.clients.base.async_call import AsyncCalls
from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.base.resolver import Resolver
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.processes.regex import PatternSearch, StartSearch
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.clients.rights.wants import Rights
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
from pyvrrp.foreign_text import printable
from pyvrrp.ports import Handle, ProbeResult
from pyvrrp.probes import arp
from pyvrrp.probes.ping import PingProbe
from pyvrrp.probes.tcp import TcpProbe
from pyvrrp.units import Nanoseconds, to_seconds
from pyvrrp.units import in_words as duration_in_words

if TYPE_CHECKING:
    from pyvrrp.probes.http import HttpProbe
    from pyvrrp.probes.local import LocalProbes


class AsyncioProbes:
    """Runs probes. An error in a probe gives a failed result with the reason."""

    def __init__(self, rights: Rights | None = None, start: StartSearch | None = None) -> None:
        """*rights* gets sockets and files, *start* starts searches; None: as this process may."""
        self._rights = rights or OwnRights()
        self._connector = Connector(Resolver(self._rights.look_up), self._rights)
        self._tcp = TcpProbe(self._connector)
        self._ping = PingProbe(self._connector, self._rights)
        self._pattern_search = PatternSearch(start)
        self._calls: AsyncCalls[ProbeResult] = AsyncCalls()

    def start(
        self,
        probe: ProbeConfig,
        timeout: Nanoseconds,
        done: Callable[[ProbeResult], None],
        left: Nanoseconds | None = None,
    ) -> Handle:
        """Run one probe. Call *done* once, at most *timeout* later, or what is *left* of it."""
        began = asyncio.get_running_loop().time()
        progress = ProbeProgress(began, began + to_seconds(timeout if left is None else left))
        return self._calls.start(self._result(probe, timeout, progress), done)

    async def close(self) -> None:
        """Cancel all probes and wait until their sockets are closed and their programs ended."""
        await self._calls.close()
        if "_local" in self.__dict__:
            await self._local.close()
        self._pattern_search.close()

    async def _result(
        self, probe: ProbeConfig, budget: Nanoseconds, progress: ProbeProgress
    ) -> ProbeResult:
        try:
            async with asyncio.timeout_at(progress.deadline):
                return ProbeResult(passed=True, reason=await self._run(probe, progress))
        except ProbeError as error:
            reason = str(error)
        except OSError as error:
            # ETIMEDOUT of the kernel has the same class, but also an errno.
            if isinstance(error, TimeoutError) and error.errno is None:
                reason = _overdue(progress, budget)
            else:
                reason = in_words(error)
        except Exception as error:  # noqa: BLE001 - a bug must fail the check, not end the daemon
            reason = f"internal error: {printable(repr(error))}"
        self._connector.look_up_again(progress)
        return ProbeResult(passed=False, reason=reason)

    async def _run(self, probe: ProbeConfig, progress: ProbeProgress) -> str:
        match probe:
            case HttpProbeConfig():
                return await self._http.run(probe, progress)
            case TcpProbeConfig():
                return await self._tcp.run(probe, progress)
            case PingProbeConfig():
                return await self._ping.run(probe, progress)
            case ArpProbeConfig():
                return await arp.run(probe, progress, self._rights)
            case (
                ExecProbeConfig()
                | ProcessProbeConfig()
                | FileProbeConfig()
                | InterfaceProbeConfig()
            ):
                return await self._local.run(probe, progress)
            case _:
                assert_never(probe)

    @cached_property
    def _http(self) -> "HttpProbe":
        # Imported here, so that a daemon without HTTP checks does not load h11 and OpenSSL.
        from pyvrrp.probes.http import HttpProbe  # noqa: PLC0415

        return HttpProbe(self._connector, self._pattern_search, self._rights)

    @cached_property
    def _local(self) -> "LocalProbes":
        # Imported here, because the prober has no such checks.
        from pyvrrp.probes.local import LocalProbes  # noqa: PLC0415

        return LocalProbes(self._pattern_search)


def _overdue(progress: ProbeProgress, budget: Nanoseconds) -> str:
    time = duration_in_words(budget)
    if progress.overdue:
        return f"{progress.overdue} {time}"
    return f"timed out after {time} {progress.phase}"
