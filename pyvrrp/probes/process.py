"""The process check: a number of processes of one name must run."""

import asyncio
from functools import partial
from pathlib import PurePath

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes.proc_table import process_ids, read_file, stat_of
from pyvrrp.clients.processes.regex import PatternSearch
from pyvrrp.config.model.configuration import ProcessProbeConfig

_KERNEL_NAME = 15  # octets of a name that the kernel keeps
_MOST_ARGUMENTS = 65_536  # octets
_INIT = 1


class ProcessProbe:
    """Counts processes in threads, because it takes 40 ms if there are 2,000 processes."""

    def __init__(self, pattern_search: PatternSearch) -> None:
        self._pattern_search = pattern_search
        self._calls: ThreadedCalls[ProcessProbeConfig, list[bytes]] = ThreadedCalls()

    async def run(self, probe: ProcessProbeConfig, progress: ProbeProgress) -> str:
        """Return how many processes run. Raise ProbeError if that is too few or too many."""
        progress.phase = "while counting processes"
        outcome = await asyncio.shield(self._calls.start(probe, partial(arguments_of, probe)))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        if probe.command_line:
            return check_count(
                probe, await self._pattern_search.count(probe.command_line, outcome, progress)
            )
        return check_count(probe, len(outcome))


def check_count(probe: ProcessProbeConfig, number: int) -> str:
    """Return the reason for a good *number*. Raise ProbeError for a wrong one."""
    found = f"{number or 'no'} process{'' if number == 1 else 'es'} {probe.name}"
    if number == 0 and stat_of(_INIT) is None:
        # Even if no process may run: if the daemon cannot see them, it cannot know.
        hidden = "the daemon may not see those of other users (ProtectProc, hidepid)"
        raise ProbeError(f"{found}: {hidden}")
    if number < probe.at_least:
        raise ProbeError(f"{found}, at least {probe.at_least} needed")
    if probe.at_most is not None and number > probe.at_most:
        raise ProbeError(f"{found}, at most {probe.at_most} allowed")
    return found


def arguments_of(probe: ProcessProbeConfig) -> list[bytes] | Failure:
    """Return the arguments, joined by spaces, of each process of the name. Blocks.

    The arguments are empty if *probe* does not need them.
    """
    start = probe.name.encode()[:_KERNEL_NAME].decode(errors="replace")
    try:
        found = (_arguments(pid, probe, start) for pid in process_ids())
        return [arguments for arguments in found if arguments is not None]
    except OSError as error:
        return Failure(f"cannot list the processes: {error.strerror}")


def _arguments(pid: int, probe: ProcessProbeConfig, start: str) -> bytes | None:
    process = stat_of(pid)
    if process is None or process.dead or process.name != start:
        return None
    is_cut = len(probe.name.encode()) > _KERNEL_NAME
    if not probe.command_line and not is_cut:
        return b""
    words = read_file(pid, "cmdline", _MOST_ARGUMENTS).split(b"\0")
    if is_cut and not _is_called([word.decode(errors="replace") for word in words], probe.name):
        return None
    return b" ".join(words).strip()


def _is_called(words: list[str], name: str) -> bool:
    # The arguments of a script begin with its interpreter, then comes the file of the script.
    return any(PurePath(word).name == name for word in words[:2])
