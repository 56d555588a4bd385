"""Ports whose implementation is imported at the first use.

Most configurations need few of them, and each import takes memory and time.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyvrrp.config.model.configuration import ProbeConfig
from pyvrrp.ports import Command, CommandResult, Handle, ProbeResult, RunningCommand
from pyvrrp.units import Nanoseconds

if TYPE_CHECKING:
    from pyvrrp.clients.processes.resource_commands import AsyncioCommands
    from pyvrrp.net.guardian.parent import GuardianProcess
    from pyvrrp.probes.runner import AsyncioProbes


class ProbesOnDemand:
    """Implements `ports.Probes`."""

    def __init__(self) -> None:
        self._probes: AsyncioProbes | None = None

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Run one probe. *done* is called once, after *timeout* at the latest."""
        if self._probes is None:
            from pyvrrp.probes.runner import AsyncioProbes  # noqa: PLC0415 - on demand

            self._probes = AsyncioProbes()
        return self._probes.start(probe, timeout, done)

    async def close(self) -> None:
        """Cancel the probes under way."""
        if self._probes is not None:
            await self._probes.close()


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
