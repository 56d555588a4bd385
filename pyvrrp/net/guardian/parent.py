"""The guardian as the daemon sees it: a small child process that acts when the daemon dies.

Within milliseconds it hands over the virtual routers that may be handed over, removes the addresses
of the others, and stops the resources. `GuardianProcess.fork` is called before anything large is
imported, so that the child stays small. So this module must import little too.
"""

import fcntl
import os
import select
import signal
from _thread import allocate_lock  # the module threading would double the child's memory
from collections import deque
from collections.abc import Sequence

from pyvrrp.net.guardian.borrowed_sockets import LendingChannel, lending_channel
from pyvrrp.net.guardian.child import run_guardian
from pyvrrp.net.guardian.handover_record import HandoverRecord, preparation
from pyvrrp.net.guardian.records import (
    COMMAND_BEGINS,
    COMMAND_ENDED,
    FORGET,
    HOLD,
    LOCK,
    PER_RECORD,
    RELEASE,
    RIGHTS,
    WITHDRAW,
    Held,
    StopRecord,
    addresses,
    framed,
    registration,
    words,
)
from pyvrrp.net.guardian.shared_page import SLOTS, SharedPage
from pyvrrp.net.guardian.stopping import IGNORED

REMOVING = ".removing"  # ends the name of the file that is locked while addresses are removed
_LONGEST_BACKLOG = 256
_HIGH_DESCRIPTOR = 1000  # below the usual limit of 1024
_MILLISECONDS = 1000
_ROOM = 1 << 20  # bytes in the pipe; the kernel takes memory for what is in it


class GuardianProcess:
    """The daemon's end of the pipe. The methods may be called from several threads.

    *channel* lends sockets to the child.
    """

    def __init__(
        self, pid: int, pidfd: int, pipe: int, channel: LendingChannel, page: SharedPage
    ) -> None:
        self.pid = pid
        self.page = page
        self.channel = channel
        self.lock = ""  # the file whose lock tells the next daemon to wait; empty: none
        self._pidfd = pidfd
        self._pipe = pipe
        self._backlog: deque[bytes] = deque()
        self._begun = b""  # the rest of a record for which the pipe had no room
        self._held: set[Held] = set()
        self._orders: dict[tuple[str, str], StopRecord] = {}
        self._slots: dict[str, int] = {}  # of the shared page, by the names of the virtual routers
        self._prepared: dict[str, bytes] = {}
        self._until: dict[str, int] = {}
        self._commands: set[str] = set()
        self._rights = b""  # the record about them; empty: the child keeps all
        self._reaped = False
        self._one_at_a_time = allocate_lock()

    @classmethod
    def fork(cls) -> "GuardianProcess":
        """Start the child; raise OSError if the system allows no further process.

        This must be called before any thread exists, and before large modules are imported.
        """
        page = SharedPage()
        reading, writing = os.pipe2(os.O_CLOEXEC)
        channel, theirs = lending_channel()
        # No signal may arrive in the child before the child ignores it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
        try:
            pid = os.fork()
            if pid == 0:
                run_guardian(reading, theirs, mask, page)
        except OSError:
            os.close(writing)
            channel.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(reading)
            os.close(theirs)
        writing = _released_first(writing)
        _widen(writing)
        os.set_blocking(writing, False)
        return cls(pid, os.pidfd_open(pid), writing, channel, page)

    def keep_only(self, capabilities: int) -> None:
        """Have the child give up every capability that is not among these bits. Never blocks."""
        with self._one_at_a_time:
            self._rights = words(RIGHTS, str(capabilities))
            self._tell([self._rights])

    def hold(self, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> None:
        """Have these (packed address, prefix length) removed if the daemon dies. Never blocks."""
        with self._one_at_a_time:
            new = [a for a in held if (netns, index, *a) not in self._held]
            self._held.update((netns, index, *address) for address in new)
            self._tell(_records(HOLD, netns, index, new))

    def release(self, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> None:
        """Withdraw that: the addresses are gone. Never blocks."""
        with self._one_at_a_time:
            old = [a for a in held if (netns, index, *a) in self._held]
            self._held.difference_update((netns, index, *address) for address in old)
            self._tell(_records(RELEASE, netns, index, old))

    def prepare_handover(self, record: HandoverRecord) -> None:
        """Have a virtual router handed over if the daemon dies while `may_hand_over` allows it.

        It replaces what was prepared for the same router before. Never blocks.
        """
        with self._one_at_a_time:
            slot = self._slots.setdefault(record.router, len(self._slots))
            if slot >= SLOTS:
                return  # as without a handover: its addresses are removed at once
            if self.lock and not self._prepared:
                self._tell([words(LOCK, self.lock + REMOVING)])
            self._prepared[record.router] = preparation(slot, record)
            self._tell([self._prepared[record.router]])

    def may_hand_over(self, router: str, until: int) -> None:
        """Say until when (CLOCK_BOOTTIME) a death is followed by a handover; 0: it is not."""
        if router in self._prepared:
            self._until[router] = until
            self.page.may_hand_over(self._slots[router], until)

    def register(self, order: StopRecord) -> None:
        """Have a resource stopped if the daemon dies, before those registered earlier.

        Never blocks.
        """
        with self._one_at_a_time:
            self._orders.pop(order.key, None)
            self._orders[order.key] = order
            self._tell([registration(order)])

    def withdraw(self, router: str, resource: str) -> None:
        """Withdraw the stop order of a resource that has stopped. Never blocks."""
        with self._one_at_a_time:
            if self._orders.pop((router, resource), None) is not None:
                self._tell([words(WITHDRAW, router, resource)])

    def command_begins(self, mark: str) -> None:
        """Have the processes that carry *mark* killed if the daemon dies. Never blocks."""
        with self._one_at_a_time:
            self._commands.add(mark)
            self._tell([words(COMMAND_BEGINS, mark, self.lock)])

    def command_ended(self, mark: str) -> None:
        """Withdraw that: processes that are left are meant to stay. Never blocks."""
        with self._one_at_a_time:
            self._commands.discard(mark)
            self._tell([words(COMMAND_ENDED, mark)])

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the child has ended; -1 after close."""
        return self._pidfd

    def alive(self) -> bool:
        """Return whether the child still runs."""
        if not self._reaped and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._reaped = True
        return not self._reaped

    def close(self, patience: float = 1.0) -> None:
        """Have the child act as if the daemon had died, and wait *patience* seconds at most.

        A child that has to stop resources or to hand over takes the time that it needs, also
        beyond that.
        """
        if self._pidfd < 0:
            return
        pipe, self._pipe = self._pipe, -1
        os.close(pipe)
        self.channel.close()
        busy = self._orders or any(self._until.values())
        if self.alive():
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(patience * _MILLISECONDS) and not busy:
                os.kill(self.pid, signal.SIGKILL)
                poll.poll(patience * _MILLISECONDS)
            self.alive()
        os.close(self._pidfd)
        self._pidfd = -1

    def _tell(self, records: Sequence[bytes]) -> None:
        self._backlog.extend(records)
        self._flush()
        if len(self._backlog) > _LONGEST_BACKLOG:
            # The child was stopped for long. Only the present state matters.
            self._backlog = deque(self._everything())

    def _everything(self) -> list[bytes]:
        records = [framed(FORGET, b""), *filter(None, [self._rights])]
        for netns, index in {entry[:2] for entry in self._held}:
            held = [entry[2:] for entry in self._held if entry[:2] == (netns, index)]
            records += _records(HOLD, netns, index, held)
        if self.lock and self._prepared:
            records.append(words(LOCK, self.lock + REMOVING))
        records += self._prepared.values()
        records += [registration(order) for order in self._orders.values()]
        records += [words(COMMAND_BEGINS, mark, self.lock) for mark in self._commands]
        return records

    def _flush(self) -> None:
        while self._begun or self._backlog:
            record = self._begun or self._backlog.popleft()
            try:
                written = os.write(self._pipe, record)
            except BlockingIOError:
                # The child is slow or stopped. The next request tries again.
                self._begun = record
                return
            except OSError:
                # The child has ended, which `alive` reports, or the pipe is closed.
                self._begun = b""
                self._backlog.clear()
                return
            self._begun = record[written:]


def _records(what: int, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> list[bytes]:
    starts = range(0, len(held), PER_RECORD)
    return [addresses(what, (netns, index), held[start:][:PER_RECORD]) for start in starts]


def _widen(pipe: int) -> None:
    """Have room in the pipe for large parameters of an agent, so that a record is sent at once."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)
    except OSError:
        return  # more than the system allows: a large record takes several writes then


def _released_first(descriptor: int) -> int:
    """Return *descriptor* under a high number.

    The kernel closes the files of a killed process from the highest number down, and a packet
    socket takes 10 ms or more. The pipe must not wait for those.
    """
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:
        return descriptor  # the limit on open files is low: the guardian only acts a little later
    os.close(descriptor)
    return high
