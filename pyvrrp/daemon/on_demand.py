"""Ports whose implementation is imported at the first use, and the start of the prober.

Most configurations need few of them, and each import takes memory and time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    Configuration,
    EtcdServers,
    ExecProbeConfig,
    FileProbeConfig,
    HttpProbeConfig,
    InterfaceProbeConfig,
    PingProbeConfig,
    ProbeConfig,
    ProcessProbeConfig,
    TcpProbeConfig,
)
from pyvrrp.ports import (
    Command,
    CommandResult,
    EtcdAnswer,
    EtcdRequest,
    Handle,
    ProbeResult,
    RunningCommand,
)
from pyvrrp.units import Nanoseconds

if TYPE_CHECKING:
    from pyvrrp.clients.processes.resource_commands import AsyncioCommands
    from pyvrrp.net.guardian.parent import GuardianProcess
    from pyvrrp.prober.launch import Launched
    from pyvrrp.prober.ports import ProberEtcd, ProberProbes
    from pyvrrp.prober.process import Prober
    from pyvrrp.probes.runner import AsyncioProbes

_LOCAL = (ExecProbeConfig, ProcessProbeConfig, FileProbeConfig, InterfaceProbeConfig)
_OVER_A_NETWORK = (HttpProbeConfig, TcpProbeConfig, PingProbeConfig, ArpProbeConfig)


@dataclass(frozen=True, slots=True)
class StartedProber:
    """The first prober, None if the system refused it, and what it has to import.

    A prober imports what it lacks when it is asked for the first time. One that is started later
    imports it at once.
    """

    words: list[str]
    first: "Launched | None"

    def needs_too(self, words: Sequence[str]) -> None:
        """Have the probers that are started from now on import *words* too."""
        self.words.extend(word for word in words if word not in self.words)

    def supervised(self, report: Callable[[str], None]) -> "Prober":
        """Return what keeps a prober running. *report* hears why one was lost."""
        from pyvrrp.prober.launch import launch  # noqa: PLC0415 - on demand
        from pyvrrp.prober.process import Prober  # noqa: PLC0415 - on demand

        return Prober(self.first, lambda: launch(self.words), report)


def start_prober_for(configuration: Configuration) -> StartedProber | None:
    """Start a prober; None: nothing is to be asked over a network."""
    return start_prober(*_asked(configuration))


def words_for(configuration: Configuration) -> list[str] | None:
    """Return what a prober has to import for *configuration*; None: it needs no prober."""
    return _words(*_asked(configuration))


def _asked(configuration: Configuration) -> tuple[list[ProbeConfig], list[EtcdServers]]:
    routers = configuration.virtual_routers
    used = {name for router in routers for name in router.checks}
    probes = [check.probe for check in configuration.checks if check.name in used]
    leases = [router.etcd_lease for router in routers]
    return probes, [lease.servers for lease in leases if lease is not None]


def start_prober(
    probes: Sequence[ProbeConfig], servers: Sequence[EtcdServers] = ()
) -> StartedProber | None:
    """Start a prober for these; None: there is nothing to ask over a network."""
    words = _words(probes, servers)
    if words is None:
        return None
    from pyvrrp.prober.launch import launch  # noqa: PLC0415 - on demand

    try:
        return StartedProber(words, launch(words))
    except OSError:
        return StartedProber(words, None)  # it is tried again, and reported then


def _words(probes: Sequence[ProbeConfig], servers: Sequence[EtcdServers]) -> list[str] | None:
    """Return what a prober has to import for these; None: there is nothing to ask."""
    asked = [*(probe for probe in probes if isinstance(probe, _OVER_A_NETWORK)), *servers]
    if not asked:
        return None
    from pyvrrp.prober.launch import needs  # noqa: PLC0415 - on demand

    return needs(asked)


class ProbesOnDemand:
    """Implements `ports.Probes`: *prober* runs the checks over the network, this process others."""

    def __init__(self, prober: "Prober | None") -> None:
        self.prober = prober
        self._remote: ProberProbes | None = None
        self._probes: AsyncioProbes | None = None

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Run one probe. *done* is called once, shortly after *timeout* at the latest."""
        if isinstance(probe, _LOCAL):
            return self._local().start(probe, timeout, done)
        if self._remote is None:
            from pyvrrp.prober.ports import ProberProbes  # noqa: PLC0415 - on demand

            if self.prober is None:
                raise RuntimeError("there is no prober for this check")
            self._remote = ProberProbes(self.prober)
        return self._remote.start(probe, timeout, done)

    def _local(self) -> "AsyncioProbes":
        if self._probes is None:
            from pyvrrp.probes.runner import AsyncioProbes  # noqa: PLC0415 - on demand

            self._probes = AsyncioProbes()
        return self._probes

    async def close(self) -> None:
        """Cancel the probes under way."""
        if self._probes is not None:
            await self._probes.close()


class EtcdOnDemand:
    """Implements `ports.Etcd` with *prober*."""

    def __init__(self, prober: "Prober | None") -> None:
        self.prober = prober
        self._etcd: ProberEtcd | None = None

    def draw(self) -> int:
        """Return a random positive number of 63 bits."""
        return self._remote().draw()

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Ask one cluster. *done* is called once, shortly after *timeout* at the latest."""
        return self._remote().ask(servers, request, timeout, done)

    def _remote(self) -> "ProberEtcd":
        if self._etcd is None:
            from pyvrrp.prober.ports import ProberEtcd  # noqa: PLC0415 - on demand

            if self.prober is None:
                raise RuntimeError("there is no prober to ask etcd")
            self._etcd = ProberEtcd(self.prober)
        return self._etcd


class CommandsOnDemand:
    """Implements `ports.Commands`; *guardian* learns of each command."""

    def __init__(self, guardian: "GuardianProcess | None") -> None:
        self._guardian = guardian
        self._commands: AsyncioCommands | None = None

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> RunningCommand:
        """Run a command. *done* is called once, when it has ended."""
        if self._commands is None:
            from pyvrrp.clients.processes.resource_commands import (  # noqa: PLC0415 - on demand
                AsyncioCommands,
            )

            self._commands = AsyncioCommands(observer=self._guardian)
        return self._commands.run(command, timeout, done)

    async def close(self) -> None:
        """End the commands under way."""
        if self._commands is not None:
            await self._commands.close()
