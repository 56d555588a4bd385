"""The process check: how many processes of a name run."""

import asyncio
import re
from functools import partial
from pathlib import PurePath

from pyvrrp.config.model import ProcessProbeConfig
from pyvrrp.probes.background import Background
from pyvrrp.probes.failure import Failure, ProbeError
from pyvrrp.probes.processes import look_at, read, running
from pyvrrp.probes.progress import Progress

_KERNELS_NAME = 15  # bytes of a name that the kernel keeps
_MOST_ARGUMENTS = 65_536  # bytes
_INIT = 1


class ProcessProbe:
    """Looks through the processes in a thread: 2,000 of them take 40 ms."""

    def __init__(self) -> None:
        self._counting: Background[ProcessProbeConfig, int] = Background()

    async def look(self, probe: ProcessProbeConfig, progress: Progress) -> str:
        """Return how many there are; raise ProbeError if that is too few or too many."""
        progress.phase = "while counting processes"
        counting = self._counting.start(probe, partial(count, probe))
        outcome = await asyncio.shield(counting)
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return judge(probe, outcome)


def judge(probe: ProcessProbeConfig, number: int) -> str:
    """Return what a good number means; raise ProbeError for a bad one."""
    found = f"{number or 'no'} process{'' if number == 1 else 'es'} {probe.name}"
    if number == 0 and look_at(_INIT) is None:
        # Not even if there shall be none: who sees nothing knows nothing.
        hidden = "the daemon may not see those of other users (ProtectProc, hidepid)"
        raise ProbeError(f"{found}: {hidden}")
    if number < probe.at_least:
        raise ProbeError(f"{found}, at least {probe.at_least} needed")
    if probe.at_most is not None and number > probe.at_most:
        raise ProbeError(f"{found}, at most {probe.at_most} allowed")
    return found


def count(probe: ProcessProbeConfig) -> int | Failure:
    """Return how many living processes are meant. Blocks."""
    pattern = re.compile(probe.command_line)
    start = probe.name.encode()[:_KERNELS_NAME].decode(errors="replace")
    try:
        return sum(_is_meant(pid, probe, start, pattern) for pid in running())
    except OSError as error:
        return Failure(f"cannot list the processes: {error.strerror}")


def _is_meant(pid: int, probe: ProcessProbeConfig, start: str, pattern: re.Pattern[str]) -> bool:
    process = look_at(pid)
    if process is None or process.dead or process.name != start:
        return False
    if not probe.command_line and len(probe.name.encode()) <= _KERNELS_NAME:
        return True
    words = read(pid, "cmdline", _MOST_ARGUMENTS).decode(errors="replace").split("\0")
    if len(probe.name.encode()) > _KERNELS_NAME and not _is_called(words, probe.name):
        return False
    return pattern.search(" ".join(words).strip()) is not None


def _is_called(words: list[str], name: str) -> bool:
    # A script is called by the name of its file, which stands after that of its interpreter.
    return any(PurePath(word).name == name for word in words[:2])
