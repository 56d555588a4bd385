"""The guardian itself: the child process. Imports next to nothing, so that it stays small.

It reads what the daemon has told it. When the daemon dies it removes the addresses, kills the
commands that were under way, and stops the resources in reverse; it does the same, and goes on
watching, when the daemon of an exclusive resource has given no sign of life for too long.
"""

import fcntl
import os
import select
import signal
import syslog
from collections.abc import Iterable

from pyvrrp.net.guardian.records import (
    COMMAND_BEGINS,
    COMMAND_ENDED,
    FORGET,
    HOLD,
    REGISTER,
    RELEASE,
    WITHDRAW,
    Held,
    StopRecord,
    decode_stop_record,
    read_addresses,
    read_words,
    split,
)
from pyvrrp.net.guardian.shared_page import Pulse
from pyvrrp.net.netlink.codec import delete_address
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.libc import enter_network_namespace, name_process

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
MARK = "PYVRRP_RUN"  # in the environment of whatever a command has started
_PIPE = 3
_MILLISECONDS = 1000
_LOOK = 100  # ms between two looks for a sign of life
_TRIES = 3  # to stop one resource; what still runs then is the next daemon's affair
_PAUSE = 500  # ms between two of them
_GRACE = 2.0  # seconds from SIGTERM to SIGKILL
_NOT_EXECUTED = 127
_UMASK = 0o022


class Watch:
    """All that the guardian knows."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._held: set[Held] = set()
        self._stop_records: list[StopRecord] = []  # in the order of starting
        self._commands: set[str] = set()  # marks of those under way
        self._lock = -1
        self._lock_path = ""

    def run(self, pipe: int) -> None:
        """Watch until the daemon has gone, then do what is left to do."""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        buffered = b""
        while True:
            watchdog = min((w.watchdog for w in self._stop_records if w.watchdog), default=0.0)
            if not poll.poll(_LOOK if watchdog else None):
                if watchdog and self._pulse.silence() > watchdog:
                    self._intervene(watchdog)
                continue
            data = os.read(pipe, 1 << 16)
            if not data:
                break
            records, buffered = split(buffered + data)
            for what, body in records:
                self._take_note(what, body)
        self._pulse.begin_to_act()
        self._act("the daemon is gone", self._stop_records)
        if self._lock >= 0:
            os.unlink(self._lock_path)  # noqa: PTH108  - pathlib would double the child

    def _take_note(self, what: int, body: bytes) -> None:
        if what == HOLD:
            self._held |= read_addresses(body)
        elif what == RELEASE:
            self._held -= read_addresses(body)
        elif what == REGISTER:
            record = decode_stop_record(body)
            self._stop_records = [*(w for w in self._stop_records if w.key != record.key), record]
        elif what == WITHDRAW:
            key = tuple(read_words(body))
            self._stop_records = [record for record in self._stop_records if record.key != key]
        elif what == COMMAND_BEGINS:
            mark, lock = read_words(body)
            self._commands.add(mark)
            self._take_lock(lock)
        elif what == COMMAND_ENDED:
            self._commands.difference_update(read_words(body))
        elif what == FORGET:
            self._held.clear()
            self._stop_records.clear()
            self._commands.clear()

    def _take_lock(self, path: str) -> None:
        """Have the next daemon wait for what this guardian may have to do."""
        if self._lock >= 0 or not path:
            return
        try:
            self._lock_path = path
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            _tell(f"cannot lock {path}: {error.strerror}")

    def _intervene(self, watchdog: float) -> None:
        self._pulse.begin_to_act()
        # It may have gone on in this very moment.
        hung = self._pulse.silence() > watchdog
        if hung:
            records = [record for record in self._stop_records if record.watchdog]
            stopped = self._act(f"no sign of life for {watchdog} s", records)
            self._stop_records = [record for record in self._stop_records if record not in stopped]
        self._pulse.end_acting(acted=hung)

    def _act(self, why: str, records: list[StopRecord]) -> list[StopRecord]:
        """Remove all addresses, stop what *records* name, and return those that have stopped."""
        remove(self._held)
        if not records:
            return []
        _tell(f"{why}: stopping {', '.join(record.resource for record in reversed(records))}")
        kill_marked(self._commands)
        self._commands.clear()
        stopped = []
        failed: set[str] = set()
        for record in reversed(records):
            # What stands below something that runs may not be taken away from under it.
            if record.router not in failed and _stop(record):
                stopped.append(record)
            else:
                failed.add(record.router)
        return stopped


def be_the_child(pipe: int, mask: Iterable[int], pulse: Pulse) -> None:
    """Do all that, and never return into the daemon's code."""
    try:
        _detach(pipe)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        Watch(pulse).run(_PIPE)
    finally:
        os._exit(0)


def _detach(pipe: int) -> None:
    """Share nothing with the daemon: session, signals, descriptors, directory, scheduling."""
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(pipe, _PIPE)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in range(_PIPE):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  - pathlib would double the child
        if int(name) > _PIPE:
            _close(int(name))
    os.chdir("/")
    name_process("pyvrrp-guard")
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        # The descriptor of the listing itself has gone by now.
        return


def remove(held: set[Held]) -> None:
    """Take these addresses off."""
    # The daemon's own namespace, the empty name, comes first: no way leads back to it.
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if held else -1
    for netns in sorted({entry[0] for entry in held}):
        requests = [
            delete_address(index, local, prefix)
            for where, index, local, prefix in held
            if where == netns
        ]
        try:
            if netns:
                _enter(netns)
            with Netlink() as kernel:
                kernel.batch(Batch(requests))
        except OSError:
            # That namespace has gone, and its addresses with it.
            continue
        finally:
            if netns:
                _come_back(own)
    if own >= 0:
        os.close(own)


def _enter(netns: str) -> None:
    enter_network_namespace(os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_CLOEXEC))


def _come_back(own: int) -> None:
    try:
        enter_network_namespace(os.dup(own))
    except OSError as error:
        _tell(f"cannot return to the own network namespace: {error.strerror}")


def _stop(record: StopRecord) -> bool:
    """Stop one resource; a few times, as whoever ends the daemon may end this command too."""
    for attempt in range(_TRIES):
        if attempt:
            select.poll().poll(_PAUSE)
        how = _run(record, record.stop, "stop", record.timeout)
        _tell(f"stop of {record.resource}: {how or 'done'}")
        if not how:
            return True
    if record.alarm:
        how = _run(record, record.alarm, "on_stop_failure", 60.0)
        _tell(f"on_stop_failure for {record.resource}: {how or 'done'}")
    return False


def _run(record: StopRecord, command: list[str], action: str, timeout: float) -> str:
    """Run *command* for *will*; return how it failed, or nothing."""
    mark = f"guardian-{os.getpid()}-{action}-{record.resource}"
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/root",
        **dict(record.environment),
        "PYVRRP_ACTION": action,
        MARK: mark,
    }
    pid = os.fork()
    if pid == 0:
        _become(record, command, environment)
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


def _become(record: StopRecord, command: list[str], environment: dict[str, str]) -> None:
    try:
        os.setsid()
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        os.umask(_UMASK)
        if record.netns:
            _enter(record.netns)
        os.execve(command[0], command, environment)  # noqa: S606 - the daemon looked at it
    finally:
        os._exit(_NOT_EXECUTED)


def _kill_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        return


def kill_marked(marks: set[str]) -> None:
    """Kill every process that a command with one of *marks* has started."""
    wanted = {f"{MARK}={mark}".encode() for mark in marks}
    for _ in range(2 if wanted else 0):  # a process may start another one meanwhile
        for name in os.listdir("/proc"):  # noqa: PTH208  - pathlib would double the child
            if name.isdigit() and not wanted.isdisjoint(_environment(name)):
                _kill(int(name))


def _environment(pid: str) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123  - the same
            return stream.read(1 << 18).split(b"\0")
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def _tell(what: str) -> None:
    syslog.syslog(syslog.LOG_WARNING, f"pyvrrp-guard: {what}")
