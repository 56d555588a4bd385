"""Read the list of processes from /proc. All functions may block."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_STAT_BYTES = 1024
_PROC = "/proc"


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The content of /proc/PID/stat."""

    name: str  # the name in the kernel, at most 15 octets
    dead: bool  # it has ended, but its parent has not read the exit status
    session: int
    started: int  # clock ticks since the start of the machine


def process_ids() -> Iterator[int]:
    """Yield the numbers of all processes that this process can see."""
    with os.scandir(_PROC) as entries:
        for entry in entries:
            if entry.name.isdecimal():
                yield int(entry.name)


def stat_of(pid: int) -> ProcessStat | None:
    """Return the content of the stat file of process *pid*. None: there is no such process."""
    # The name is in brackets and may contain any character, brackets too.
    head, bracket, tail = read_file(pid, "stat", _STAT_BYTES).rpartition(b")")
    fields = tail.split()
    if not bracket or len(fields) < 20:  # noqa: PLR2004 - proc_pid_stat(5): 22 is starttime
        return None
    name = head.partition(b"(")[2].decode(errors="replace")
    return ProcessStat(name, fields[0] in {b"Z", b"X"}, int(fields[3]), int(fields[19]))


def read_file(pid: int, file: str, most: int) -> bytes:
    """Return the first *most* octets of a file of process *pid*; empty if it cannot be read."""
    with suppress(OSError):
        descriptor = os.open(f"{_PROC}/{pid}/{file}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, most)
        finally:
            os.close(descriptor)
    return b""
