"""The file check: a regular file that is there, or is not, and what stands in it."""

import asyncio
import os
import stat
from functools import partial

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.processes.regex import Patterns
from pyvrrp.config.model.configuration import FileProbeConfig

_MOST = 1_048_576  # bytes
_CHUNK = 65_536


class FileProbe:
    """Looks at files in a thread: that of a network file system may let one wait for ever."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._looking: Background[FileProbeConfig, str | bytes] = Background()

    async def look(self, probe: FileProbeConfig, progress: Progress) -> str:
        """Return what is the case; raise ProbeError if that is not as it shall be."""
        progress.phase = f"while looking at {probe.path}"
        outcome = await asyncio.shield(self._looking.start(probe, partial(look_at, probe)))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        if isinstance(outcome, str):
            return outcome
        if not await self._patterns.found(probe.contains, outcome, progress):
            raise ProbeError(f"{probe.path} does not match /{probe.contains}/")
        return f"{probe.path} matches /{probe.contains}/"


def look_at(probe: FileProbeConfig) -> str | bytes | Failure:
    """Return what is the case, or the content to be judged, or why that is bad.

    Blocks for as long as the file system does.
    """
    path = probe.path
    try:
        # Only a handle: opening a device in earnest may do something, a FIFO would wait.
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
            return Failure(f"{path} is no regular file")
        return _judge(probe, handle)
    except OSError as error:
        return Failure(f"cannot read {path}: {in_words(error)}")
    finally:
        os.close(handle)


def _judge(probe: FileProbeConfig, handle: int) -> str | bytes | Failure:
    if not probe.contains:
        return f"{probe.path} is there"
    content = _read(handle)
    if len(content) > _MOST:
        return Failure(f"{probe.path} is larger than 1 MiB")
    return content


def _read(handle: int) -> bytes:
    """Return the content of the file behind *handle*, and one byte of what is too much."""
    descriptor = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        content = bytearray()
        while len(content) <= _MOST and (chunk := os.read(descriptor, _CHUNK)):
            content += chunk
        return bytes(content)
    finally:
        os.close(descriptor)
