"""The last resort: processes of a run that have left its process group.

A group is killed in one call, but a process may leave it (setsid, setpgid, a daemon's double
fork). What stays with it unless it takes pains is its session and its environment, so whoever has
the session of the run or carries its mark dies too. Who clears his environment and begins a
session of his own escapes.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress

from pyvrrp.clients.processes.proc_table import look_at, read, running
from pyvrrp.clients.processes.spawn import MARK

_PATIENCE = 200  # milliseconds that SIGKILL may take
_PASSES = 4  # a process may start another one while the list is read
_MOST_ENVIRONMENT = 262_144  # bytes


def kill_stragglers(leader: int, mark: str) -> int:
    """Kill what is left of the run of *leader*, which must not be reaped yet; return how many.

    Blocks; for a thread. Passes over /proc until nothing is left, and waits for those it killed.
    """
    killed = 0
    first = look_at(leader)
    since = 0 if first is None else first.started
    for _ in range(_PASSES):
        dying = [_kill(pid, leader, mark) for pid in _stragglers(leader, mark, since)]
        if not dying:
            break
        killed += sum(map(_wait_for, dying))
    return killed


def _stragglers(leader: int, mark: str, since: int) -> Iterator[int]:
    for pid in running():
        process = look_at(pid)
        if process is None or process.dead or process.started < since:
            continue
        if _belongs(pid, process.session, leader, mark):
            yield pid


def _belongs(pid: int, session: int, leader: int, mark: str) -> bool:
    return session == leader or _is_marked(pid, mark)


def _is_marked(pid: int, mark: str) -> bool:
    variables = read(pid, "environ", _MOST_ENVIRONMENT).split(b"\0")
    return f"{MARK}={mark}".encode() in variables


def _kill(pid: int, leader: int, mark: str) -> int | None:
    """Return a pidfd of *pid*, which is dying; None: it is gone, or another one by now."""
    with suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(pid)
        # Again, now that the number cannot pass to another process any more.
        process = look_at(pid)
        if process is not None and _belongs(pid, process.session, leader, mark):
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            return descriptor
        os.close(descriptor)
    return None


def _wait_for(descriptor: int | None) -> bool:
    if descriptor is None:
        return False
    try:
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        return bool(ended.poll(_PATIENCE))
    finally:
        os.close(descriptor)
