"""The process check: how many processes of a name run."""

import asyncio
from functools import partial
from pathlib import PurePath

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.processes.proc_table import look_at, read, running
from pyvrrp.clients.processes.regex import Patterns
from pyvrrp.config.model.configuration import ProcessProbeConfig

_KERNELS_NAME = 15  # bytes of a name that the kernel keeps
_MOST_ARGUMENTS = 65_536  # bytes
_INIT = 1


class ProcessProbe:
    """Looks through the processes in a thread: 2,000 of them take 40 ms."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._looking: Background[ProcessProbeConfig, list[bytes]] = Background()

    async def look(self, probe: ProcessProbeConfig, progress: Progress) -> str:
        """Return how many there are; raise ProbeError if that is too few or too many."""
        progress.phase = "while counting processes"
        outcome = await asyncio.shield(self._looking.start(probe, partial(of_that_name, probe)))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        if probe.command_line:
            return judge(probe, await self._patterns.count(probe.command_line, outcome, progress))
        return judge(probe, len(outcome))


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


def of_that_name(probe: ProcessProbeConfig) -> list[bytes] | Failure:
    """Return the arguments, joined by spaces, of all living processes of the name. Blocks."""
    start = probe.name.encode()[:_KERNELS_NAME].decode(errors="replace")
    try:
        found = (_arguments(pid, probe, start) for pid in running())
        return [arguments for arguments in found if arguments is not None]
    except OSError as error:
        return Failure(f"cannot list the processes: {error.strerror}")


def _arguments(pid: int, probe: ProcessProbeConfig, start: str) -> bytes | None:
    process = look_at(pid)
    if process is None or process.dead or process.name != start:
        return None
    is_cut = len(probe.name.encode()) > _KERNELS_NAME
    if not probe.command_line and not is_cut:
        return b""
    words = read(pid, "cmdline", _MOST_ARGUMENTS).split(b"\0")
    if is_cut and not _is_called([word.decode(errors="replace") for word in words], probe.name):
        return None
    return b" ".join(words).strip()


def _is_called(words: list[str], name: str) -> bool:
    # A script is called by the name of its file, which stands after that of its interpreter.
    return any(PurePath(word).name == name for word in words[:2])
