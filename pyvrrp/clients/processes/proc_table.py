"""The list of processes, as /proc has it. Everything here blocks for as long as /proc takes."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_STAT_BYTES = 1024
_PROC = "/proc"


@dataclass(frozen=True, slots=True)
class Process:
    """What /proc/PID/stat says; *started* counts clock ticks since the machine's start."""

    name: str  # the kernel's: at most 15 bytes
    dead: bool  # it has ended, and nobody has asked for its exit status yet
    session: int
    started: int


def running() -> Iterator[int]:
    """Yield the numbers of all processes that this one may see."""
    with os.scandir(_PROC) as entries:
        for entry in entries:
            if entry.name.isdecimal():
                yield int(entry.name)


def look_at(pid: int) -> Process | None:
    """Return what is known of process *pid*; None: it is gone."""
    # The name stands in brackets and may hold any character, brackets too.
    head, bracket, tail = read(pid, "stat", _STAT_BYTES).rpartition(b")")
    fields = tail.split()
    if not bracket or len(fields) < 20:  # noqa: PLR2004 - proc_pid_stat(5): 22 is starttime
        return None
    name = head.partition(b"(")[2].decode(errors="replace")
    return Process(name, fields[0] in {b"Z", b"X"}, int(fields[3]), int(fields[19]))


def read(pid: int, file: str, most: int) -> bytes:
    """Return the first *most* bytes of a file of process *pid*; nothing if it is gone or hidden."""
    with suppress(OSError):
        descriptor = os.open(f"{_PROC}/{pid}/{file}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, most)
        finally:
            os.close(descriptor)
    return b""
