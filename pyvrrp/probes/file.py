"""The file check: a regular file must exist or must not, and may have to contain a pattern."""

import asyncio
import os
import stat
from functools import partial

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes.regex import PatternSearch
from pyvrrp.config.model.configuration import FileProbeConfig

_MOST = 1_048_576  # octets
_CHUNK = 65_536


class FileProbe:
    """Checks files in threads, because a call for a network file system can block for ever."""

    def __init__(self, pattern_search: PatternSearch) -> None:
        self._pattern_search = pattern_search
        self._calls: ThreadedCalls[FileProbeConfig, str | bytes] = ThreadedCalls()

    async def run(self, probe: FileProbeConfig, progress: ProbeProgress) -> str:
        """Return the state of the file. Raise ProbeError if the check fails."""
        progress.phase = f"while looking at {probe.path}"
        outcome = await asyncio.shield(self._calls.start(probe, partial(look_at_file, probe)))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        if isinstance(outcome, str):
            return outcome
        if not await self._pattern_search.found(probe.contains, outcome, progress):
            raise ProbeError(f"{probe.path} does not match /{probe.contains}/")
        return f"{probe.path} matches /{probe.contains}/"


def look_at_file(probe: FileProbeConfig) -> str | bytes | Failure:
    """Return a reason if the check passes, or the content to search, or why the check fails.

    Blocks as long as the file system does.
    """
    path = probe.path
    try:
        # O_PATH, because opening a device can have an effect and opening a FIFO blocks.
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        absent = f"{path} is not there"
        return Failure(absent) if probe.present else absent
    except OSError as error:
        return Failure(f"cannot look at {path}: {in_words(error)}")
    try:
        if not probe.present:
            return Failure(f"{path} is there")
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Failure(f"{path} is not a regular file")
        return _content(probe, handle)
    except OSError as error:
        return Failure(f"cannot read {path}: {in_words(error)}")
    finally:
        os.close(handle)


def _content(probe: FileProbeConfig, handle: int) -> str | bytes | Failure:
    if not probe.contains:
        return f"{probe.path} is there"
    content = _read(handle)
    if len(content) > _MOST:
        return Failure(f"{probe.path} is larger than 1 MiB")
    return content


def _read(handle: int) -> bytes:
    """Return the content of the file that *handle* refers to, but at most 1 MiB and one chunk."""
    descriptor = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        content = bytearray()
        while len(content) <= _MOST and (chunk := os.read(descriptor, _CHUNK)):
            content += chunk
        return bytes(content)
    finally:
        os.close(descriptor)
