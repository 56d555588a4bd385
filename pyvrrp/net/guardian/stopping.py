"""Stops one resource for a daemon that cannot. The guardian imports this module."""

import os
import select
import signal

from pyvrrp.net.guardian.records import StopRecord
from pyvrrp.net.guardian.removal import enter
from pyvrrp.net.guardian.tell import tell

IGNORED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGPWR),
)
MARK = "PYVRRP_RUN"  # in the environment of each process that a command has started
_MILLISECONDS = 1000
_TRIES = 3  # to stop one resource; the next daemon tries again
_PAUSE = 500  # ms between two of them
_GRACE = 2.0  # seconds from SIGTERM to SIGKILL
_NOT_EXECUTED = 127
_UMASK = 0o022


def stop(order: StopRecord) -> bool:
    """Stop one resource, in several attempts: what killed the daemon may kill the command too."""
    for attempt in range(_TRIES):
        if attempt:
            select.poll().poll(_PAUSE)
        how = _run(order, order.stop, "stop", order.timeout)
        tell(f"stop of {order.resource}: {how or 'done'}")
        if not how:
            return True
    if order.alarm:
        how = _run(order, order.alarm, "on_stop_failure", 60.0)
        tell(f"on_stop_failure for {order.resource}: {how or 'done'}")
    return False


def _run(order: StopRecord, command: list[str], action: str, timeout: float) -> str:
    """Run *command* for *order*; return how it failed, an empty text if it did not."""
    mark = f"guardian-{os.getpid()}-{action}-{order.resource}"
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/root",
        **dict(order.environment),
        "PYVRRP_ACTION": action,
        MARK: mark,
    }
    pid = os.fork()
    if pid == 0:
        _become(order, command, environment)
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(timeout * _MILLISECONDS):
            _kill_group(pid, signal.SIGTERM)
            poll.poll(_GRACE * _MILLISECONDS)
            _kill_group(pid, signal.SIGKILL)
            kill_marked({mark})
            poll.poll(_GRACE * _MILLISECONDS)
            os.waitpid(pid, os.WNOHANG)
            return f"killed after {timeout:g} s"
    finally:
        os.close(descriptor)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        return f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    return ""


def _become(order: StopRecord, command: list[str], environment: dict[str, str]) -> None:
    try:
        os.setsid()
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        os.umask(_UMASK)
        if order.netns:
            enter(order.netns)
        os.execve(command[0], command, environment)  # noqa: S606 - the daemon has checked it
    finally:
        os._exit(_NOT_EXECUTED)


def _kill_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        return


def kill_marked(marks: set[str]) -> None:
    """Kill each process that a command with one of *marks* has started."""
    wanted = {f"{MARK}={mark}".encode() for mark in marks}
    for _ in range(2 if wanted else 0):  # a process may have started another one
        for name in os.listdir("/proc"):  # noqa: PTH208  - pathlib would double the memory
            if name.isdigit() and not wanted.isdisjoint(_environment(name)):
                _kill(int(name))


def _environment(pid: str) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123  - pathlib would double the memory
            return stream.read(1 << 18).split(b"\0")
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return
