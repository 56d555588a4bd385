"""The guardian: the child process. It imports little, so that it stays small.

It reads the records of the daemon from a pipe. When the daemon dies it hands over the virtual
routers that may be handed over, and removes the addresses of the others. It kills the commands that
were under way, and stops the resources in reverse. It removes all addresses and stops the
resources, and continues to watch, when the daemon of an exclusive resource has given no sign of
life for too long.
"""

import fcntl
import os
import select
import signal
from collections.abc import Iterable

from pyvrrp.net.guardian.borrowed_sockets import BorrowedSockets
from pyvrrp.net.guardian.handover_record import (
    HandoverRecord,
    handover_record,
    read_preparation,
)
from pyvrrp.net.guardian.handovers import Handovers, boottime
from pyvrrp.net.guardian.records import (
    COMMAND_BEGINS,
    COMMAND_ENDED,
    FORGET,
    HOLD,
    LOCK,
    PREPARE,
    REGISTER,
    RELEASE,
    RIGHTS,
    WITHDRAW,
    Held,
    StopRecord,
    read_addresses,
    read_registration,
    read_words,
    split,
)
from pyvrrp.net.guardian.removal import remove
from pyvrrp.net.guardian.shared_page import SharedPage
from pyvrrp.net.guardian.stopping import IGNORED, kill_marked, stop
from pyvrrp.net.guardian.tell import tell
from pyvrrp.net.process.capabilities import keep_only
from pyvrrp.net.system.libc import name_process

_PIPE, _CHANNEL = 3, 4
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = 100  # ms between two looks for a sign of life


class Watch:
    """What the guardian knows, and what it does."""

    def __init__(self, page: SharedPage, sockets: BorrowedSockets) -> None:
        self._page = page
        self._sockets = sockets
        self._held: set[Held] = set()
        self._prepared: dict[int, list[object]] = {}  # the handovers, by their slots in the page
        self._orders: list[StopRecord] = []  # in the order of starting
        self._commands: set[str] = set()  # the marks of commands under way
        self._acting = LockFile()
        self._removing = LockFile()

    def run(self, pipe: int) -> None:
        """Watch until the daemon has ended, then hand over, remove and stop what it has left."""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        poll.register(self._sockets, select.POLLIN)
        buffered = b""
        while True:
            watchdog = min((one.watchdog for one in self._orders if one.watchdog), default=0.0)
            ready = dict(poll.poll(_LOOK if watchdog else None))
            if not ready and watchdog and self._page.silence() > watchdog:
                self._intervene(watchdog)
            if self._sockets.fileno() in ready and not self._sockets.receive():
                poll.unregister(self._sockets)
            if pipe not in ready:
                continue
            data = os.read(pipe, 1 << 16)
            if not data:
                break
            records, buffered = split(buffered + data)
            for what, body in records:
                if what == RIGHTS:
                    _give_up(int(*read_words(body)))
                else:
                    self._take_note(what, body)
        self._sockets.receive()
        self._daemon_has_ended()

    def _daemon_has_ended(self) -> None:
        self._page.begin_to_act()
        handovers = Handovers(self._sockets)
        handovers.begin(self._may_be_handed_over(), self._held)
        remove(self._held)
        self._held.clear()
        if self._orders and handovers.under_way:
            # Resources may take minutes to stop, and the successors do not wait for them.
            if os.fork() == 0:
                self._acting.close()
                self._finish(handovers)
                return
            self._removing.close()
        else:
            self._finish(handovers)
        self._act("the daemon has ended", self._orders)
        self._acting.give_up()

    def _may_be_handed_over(self) -> list[HandoverRecord]:
        now = boottime()
        return [
            handover_record(fields)
            for slot, fields in self._prepared.items()
            if now < self._page.handed_over_until(slot)
        ]

    def _finish(self, handovers: Handovers) -> None:
        handovers.finish()
        self._removing.give_up()

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
            self._acting.take(lock)
        elif what == PREPARE:
            slot, fields = read_preparation(body)
            self._prepared[slot] = fields
        elif what == LOCK:
            self._removing.take(*read_words(body))
        elif what == COMMAND_ENDED:
            self._commands.difference_update(read_words(body))
        elif what == FORGET:
            self._held.clear()
            self._prepared.clear()
            self._orders.clear()
            self._commands.clear()

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
        tell(f"{why}: stopping {', '.join(one.resource for one in reversed(orders))}")
        kill_marked(self._commands)
        self._commands.clear()
        stopped = []
        failed: set[str] = set()
        for order in reversed(orders):
            # A resource that still runs may need those that were started before it.
            if order.router not in failed and stop(order):
                stopped.append(order)
            else:
                failed.add(order.router)
        return stopped


class LockFile:
    """A locked file. The next daemon waits until it is not locked any more."""

    def __init__(self) -> None:
        self._path = ""
        self._descriptor = -1

    def take(self, path: str) -> None:
        """Lock the file, unless that was done already or *path* is empty."""
        if self._descriptor >= 0 or not path:
            return
        try:
            self._path = path
            self._descriptor = os.open(path, _LOCK, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            tell(f"cannot lock {path}: {error.strerror}")

    def close(self) -> None:
        """Leave the lock to another process that has it too."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def give_up(self) -> None:
        """Remove the file. The lock ends with the last process that has it."""
        if self._descriptor >= 0:
            os.unlink(self._path)  # noqa: PTH108  - pathlib would double the memory


def run_guardian(pipe: int, channel: int, mask: Iterable[int], page: SharedPage) -> None:
    """Run the guardian in this process and end it: never return into the daemon's code."""
    try:
        _detach(pipe, channel)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        Watch(page, BorrowedSockets(_CHANNEL)).run(_PIPE)
    finally:
        os._exit(0)


def _detach(pipe: int, channel: int) -> None:
    """Share nothing with the daemon: session, signals, descriptors, directory, scheduling."""
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    # They may have each other's numbers.
    pipe, channel = (fcntl.fcntl(one, fcntl.F_DUPFD, _CHANNEL + 1) for one in (pipe, channel))
    os.dup2(pipe, _PIPE)
    os.dup2(channel, _CHANNEL)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in range(_PIPE):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  - pathlib would double the memory
        if int(name) > _CHANNEL:
            _close(int(name))
    os.chdir("/")
    name_process("pyvrrp-guard")
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _give_up(kept: int) -> None:
    try:
        keep_only(kept, new_privileges=False)
    except OSError as error:
        tell(f"cannot give up capabilities: {error.strerror}")


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        # The descriptor of the listing itself is closed by now.
        return
