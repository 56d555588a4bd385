"""The checks that ask nobody over a network: exec, process, file and interface."""

from typing import TypeAlias, assert_never

from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes.regex import PatternSearch
from pyvrrp.config.model.configuration import (
    ExecProbeConfig,
    FileProbeConfig,
    InterfaceProbeConfig,
    ProcessProbeConfig,
)
from pyvrrp.probes.exec import ExecProbe
from pyvrrp.probes.file import FileProbe
from pyvrrp.probes.interface import InterfaceProbe
from pyvrrp.probes.process import ProcessProbe

LocalProbeConfig: TypeAlias = (
    ExecProbeConfig | ProcessProbeConfig | FileProbeConfig | InterfaceProbeConfig
)


class LocalProbes:
    """Runs local probes."""

    def __init__(self, pattern_search: PatternSearch) -> None:
        self._exec = ExecProbe()
        self._process = ProcessProbe(pattern_search)
        self._file = FileProbe(pattern_search)
        self._interface = InterfaceProbe()

    async def run(self, probe: LocalProbeConfig, progress: ProbeProgress) -> str:
        """Return the reason of a pass. Raise ProbeError or OSError if the probe failed."""
        match probe:
            case ExecProbeConfig():
                return await self._exec.run(probe, progress)
            case ProcessProbeConfig():
                return await self._process.run(probe, progress)
            case FileProbeConfig():
                return await self._file.run(probe, progress)
            case InterfaceProbeConfig():
                return await self._interface.run(probe, progress)
            case _:
                assert_never(probe)

    async def close(self) -> None:
        """End the programs that were killed."""
        await self._exec.close()
