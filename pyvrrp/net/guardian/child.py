"""The guardian: the child process. It imports little, so that it stays small.

It reads the records of the daemon from a pipe. When the daemon dies it removes the addresses, kills
the commands that were under way, and stops the resources in reverse. It does the same, and
continues to watch, when the daemon of an exclusive resource has given no sign of life for too long.
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
    read_addresses,
    read_registration,
    read_words,
    split,
)
from pyvrrp.net.guardian.shared_page import SharedPage
from pyvrrp.net.netlink.codec import (
    HAS_TAGS,
    OUR_PROTOCOL,
    ListedAddress,
    delete_address,
    promote_secondaries,
)
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.libc import enter_network_namespace, name_process

IGNORED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGPWR),
)
MARK = "PYVRRP_RUN"  # in the environment of each process that a command has started
_PIPE = 3
_MILLISECONDS = 1000
_LOOK = 100  # ms between two looks for a sign of life
_TRIES = 3  # to stop one resource; the next daemon tries again
_PAUSE = 500  # ms between two of them
_GRACE = 2.0  # seconds from SIGTERM to SIGKILL
_NOT_EXECUTED = 127
_UMASK = 0o022
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Watch:
    """What the guardian knows, and what it does."""

    def __init__(self, page: SharedPage) -> None:
        self._page = page
        self._held: set[Held] = set()
        self._orders: list[StopRecord] = []  # in the order of starting
        self._commands: set[str] = set()  # the marks of commands under way
        self._lock = -1
        self._lock_path = ""

    def run(self, pipe: int) -> None:
        """Watch until the daemon has ended, then remove and stop what it has left."""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        buffered = b""
        while True:
            watchdog = min((one.watchdog for one in self._orders if one.watchdog), default=0.0)
            if not poll.poll(_LOOK if watchdog else None):
                if watchdog and self._page.silence() > watchdog:
                    self._intervene(watchdog)
                continue
            data = os.read(pipe, 1 << 16)
            if not data:
                break
            records, buffered = split(buffered + data)
            for what, body in records:
                self._take_note(what, body)
        self._page.begin_to_act()
        self._act("the daemon has ended", self._orders)
        if self._lock >= 0:
            os.unlink(self._lock_path)  # noqa: PTH108  - pathlib would double the memory

    def _take_note(self, what: int, body: bytes) -> None:
        if what == HOLD:
            self._held |= read_addresses(body)
        elif what == RELEASE:
            self._held -= read_addresses(body)
        elif what == REGISTER:
            order = read_registration(body)
            self._orders = [*(one for one in self._orders if one.key != order.key), order]
        elif what == WITHDRAW:
            key = tuple(read_words(body))
            self._orders = [one for one in self._orders if one.key != key]
        elif what == COMMAND_BEGINS:
            mark, lock = read_words(body)
            self._commands.add(mark)
            self._take_lock(lock)
        elif what == COMMAND_ENDED:
            self._commands.difference_update(read_words(body))
        elif what == FORGET:
            self._held.clear()
            self._orders.clear()
            self._commands.clear()

    def _take_lock(self, path: str) -> None:
        """Lock the file for which the next daemon waits until this guardian has ended."""
        if self._lock >= 0 or not path:
            return
        try:
            self._lock_path = path
            self._lock = os.open(path, _LOCK, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            _tell(f"cannot lock {path}: {error.strerror}")

    def _intervene(self, watchdog: float) -> None:
        self._page.begin_to_act()
        # The daemon may have continued just now.
        hung = self._page.silence() > watchdog
        if hung:
            orders = [one for one in self._orders if one.watchdog]
            stopped = self._act(f"no sign of life for {watchdog} s", orders)
            self._orders = [one for one in self._orders if one not in stopped]
        self._page.end_acting(acted=hung)

    def _act(self, why: str, orders: list[StopRecord]) -> list[StopRecord]:
        """Remove all addresses and carry out *orders*; return those whose resource has stopped."""
        remove(self._held)
        if not orders:
            return []
        _tell(f"{why}: stopping {', '.join(one.resource for one in reversed(orders))}")
        kill_marked(self._commands)
        self._commands.clear()
        stopped = []
        failed: set[str] = set()
        for order in reversed(orders):
            # A resource that still runs may need those that were started before it.
            if order.router not in failed and _stop(order):
                stopped.append(order)
            else:
                failed.add(order.router)
        return stopped


def run_guardian(pipe: int, mask: Iterable[int], page: SharedPage) -> None:
    """Run the guardian in this process and end it: never return into the daemon's code."""
    try:
        _detach(pipe)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        Watch(page).run(_PIPE)
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
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  - pathlib would double the memory
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
        # The descriptor of the listing itself is closed by now.
        return


def remove(held: set[Held]) -> None:
    """Remove these addresses, except those that have become the operator's meanwhile."""
    # The daemon's own namespace, whose name is empty, comes first: it has no path to return by.
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if held else -1
    for netns in sorted({entry[0] for entry in held}):
        there = [entry[1:] for entry in held if entry[0] == netns]
        try:
            if netns:
                _enter(netns)
            with Netlink() as kernel:
                _remove_here(kernel, there)
        except OSError:
            # The namespace is gone, and its addresses with it.
            continue
        finally:
            if netns:
                _come_back(own)
    if own >= 0:
        os.close(own)


def _remove_here(kernel: Netlink, held: list[tuple[int, bytes, int]]) -> None:
    indices = {index for index, _, _ in held}
    requests = [promote_secondaries(index) for index in indices]
    foreign = {
        (index, *one.plain)
        for index in indices
        for one in _listed(kernel, index)
        if HAS_TAGS and one.protocol != OUR_PROTOCOL
    }
    requests += [delete_address(*entry) for entry in held if entry not in foreign]
    kernel.batch(Batch(requests))


def _listed(kernel: Netlink, index: int) -> list[ListedAddress]:
    try:
        return kernel.addresses(index)
    except OSError:
        # The interface is gone, or changes too fast. What was recorded was ours.
        return []


def _enter(netns: str) -> None:
    enter_network_namespace(os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_CLOEXEC))


def _come_back(own: int) -> None:
    try:
        enter_network_namespace(os.dup(own))
    except OSError as error:
        _tell(f"cannot return to the own network namespace: {error.strerror}")


def _stop(order: StopRecord) -> bool:
    """Stop one resource, in several attempts: what killed the daemon may kill the command too."""
    for attempt in range(_TRIES):
        if attempt:
            select.poll().poll(_PAUSE)
        how = _run(order, order.stop, "stop", order.timeout)
        _tell(f"stop of {order.resource}: {how or 'done'}")
        if not how:
            return True
    if order.alarm:
        how = _run(order, order.alarm, "on_stop_failure", 60.0)
        _tell(f"on_stop_failure for {order.resource}: {how or 'done'}")
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
            _enter(order.netns)
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


def _tell(what: str) -> None:
    syslog.syslog(syslog.LOG_WARNING, f"pyvrrp-guard: {what}")
