"""What processes cost the machine: processor time in nanoseconds, and memory."""

import contextlib
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyvrrp.testing.commands import run
from pyvrrp.testing.errors import BenchError

# The kernel's number for "processor time of this process": see clock_getcpuclockid(3) and
# CPUCLOCK_SCHED in linux/posix-timers.h. It counts all threads, also those that have ended.
_PROCESSOR_TIME = 2
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_KIB = 1024


def processes_in(namespace: str) -> list[int]:
    """Return the ids of all processes whose network namespace is *namespace*."""
    return [int(pid) for pid in run("ip", "netns", "pids", namespace).split()]


def processor_times(pids: Iterable[int]) -> dict[int, int]:
    """Return the processor time of each process that still runs, in nanoseconds.

    This is user and system time of all its threads. It is finer than the ticks of `/proc/PID/stat`.
    """
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            found[pid] = time.clock_gettime_ns((~pid << 3) | _PROCESSOR_TIME)
    return found


def used_between(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """Return the processor time used between two answers of `processor_times`, in nanoseconds.

    A process that is new counts from its start. The count of one that
    has ended meanwhile is lost: BenchError.
    """
    if ended := before.keys() - after.keys():
        raise BenchError(f"processes ended while they were measured: {sorted(ended)}")
    return sum(after.values()) - sum(before.values())


def memory(pids: Iterable[int]) -> int:
    """Return the memory of these processes together in bytes, as proportional set size (PSS).

    A page that several processes share counts for each with its share.
    """
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError as error:
            raise BenchError(f"memory of process {pid}: {error}") from error
        found = _PSS.search(rollup)
        if found is None:
            raise BenchError(f"/proc/{pid}/smaps_rollup has no line Pss")
        total += int(found[1]) * _KIB
    return total
