"""Kill the processes of a run that have left its process group.

One call kills a process group, but a process can leave it: with setsid, setpgid or the double fork
of a daemon. Most such processes still have the session or the environment of the run. So every
process with this session, or with the mark of the run in its environment, is killed. A process
that clears its environment and begins a new session is not found.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress

from pyvrrp.clients.processes.proc_table import process_ids, read_file, stat_of
from pyvrrp.clients.processes.spawn import MARK

_PATIENCE = 200  # milliseconds that SIGKILL may take
_PASSES = 4  # a process can start another one while the list is read
_MOST_ENVIRONMENT = 262_144  # octets


def kill_leftovers(leader: int, mark: str) -> int:
    """Kill the processes that are left of the run of *leader*. Return their number.

    *leader* must not have been reaped. Reads /proc until it finds none, and waits until those that
    it killed have ended. Blocks, so it is for a thread.
    """
    killed = 0
    first = stat_of(leader)
    since = 0 if first is None else first.started
    for _ in range(_PASSES):
        dying = [_kill(pid, leader, mark) for pid in _leftovers(leader, mark, since)]
        if not dying:
            break
        killed += sum(map(_wait_for, dying))
    return killed


def _leftovers(leader: int, mark: str, since: int) -> Iterator[int]:
    for pid in process_ids():
        process = stat_of(pid)
        if process is None or process.dead or process.started < since:
            continue
        if _belongs(pid, process.session, leader, mark):
            yield pid


def _belongs(pid: int, session: int, leader: int, mark: str) -> bool:
    return session == leader or _is_marked(pid, mark)


def _is_marked(pid: int, mark: str) -> bool:
    variables = read_file(pid, "environ", _MOST_ENVIRONMENT).split(b"\0")
    return f"{MARK}={mark}".encode() in variables


def _kill(pid: int, leader: int, mark: str) -> int | None:
    """Kill process *pid* and return a pidfd of it. None: it has ended or is another process."""
    with suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(pid)
        # Checked again, because the number could belong to another process before this call.
        process = stat_of(pid)
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
