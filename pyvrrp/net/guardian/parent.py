"""A tiny child process that tidies up within milliseconds if the daemon dies.

It removes the virtual addresses and stops the resources. `GuardianProcess.fork` is called first in
the process, before the heavy imports, so that the child stays small; hence this module, which is
the daemon's end of it, imports next to nothing either.
"""

import fcntl
import os
import select
import signal
from _thread import allocate_lock  # threading would double the child
from collections import deque
from collections.abc import Sequence

from pyvrrp.net.guardian.child import IGNORED, be_the_child
from pyvrrp.net.guardian.records import (
    COMMAND_BEGINS,
    COMMAND_ENDED,
    FORGET,
    HOLD,
    PER_RECORD,
    RELEASE,
    WITHDRAW,
    Held,
    StopRecord,
    addresses,
    encode_stop_record,
    framed,
    words,
)
from pyvrrp.net.guardian.shared_page import Pulse

_LONGEST_BACKLOG = 256
_HIGH_DESCRIPTOR = 1000  # below the usual limit of 1024
_MILLISECONDS = 1000
_ROOM = 1 << 20  # bytes in the pipe; the kernel takes memory for what is in it


class GuardianProcess:
    """The daemon's end of the pipe. Addresses are told from another thread than resources."""

    def __init__(self, pid: int, pidfd: int, pipe: int, pulse: Pulse) -> None:
        self.pid = pid
        self.pulse = pulse
        self.lock = ""  # the file that tells the next daemon to wait; empty: none
        self._pidfd = pidfd
        self._pipe = pipe
        self._backlog: deque[bytes] = deque()
        self._begun = b""  # the rest of a record that the pipe had no room for
        self._held: set[Held] = set()
        self._stop_records: dict[tuple[str, str], StopRecord] = {}
        self._commands: set[str] = set()
        self._reaped = False
        self._one_at_a_time = allocate_lock()

    @classmethod
    def fork(cls) -> "GuardianProcess":
        """Start the child; raise OSError if the system will not have another process.

        Call this before any thread exists and before the heavy imports.
        """
        pulse = Pulse()
        reading, writing = os.pipe2(os.O_CLOEXEC)
        # A signal must not find the child before it has learnt to ignore it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
        try:
            pid = os.fork()
            if pid == 0:
                be_the_child(reading, mask, pulse)
        except OSError:
            os.close(writing)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(reading)
        writing = _released_first(writing)
        _widen(writing)
        os.set_blocking(writing, False)
        return cls(pid, os.pidfd_open(pid), writing, pulse)

    def hold(self, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> None:
        """Have these (packed address, prefix length) removed if the daemon dies; never blocks."""
        with self._one_at_a_time:
            new = [a for a in held if (netns, index, *a) not in self._held]
            self._held.update((netns, index, *address) for address in new)
            self._tell(_records(HOLD, netns, index, new))

    def release(self, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> None:
        """Forget these: they are gone; never blocks."""
        with self._one_at_a_time:
            old = [a for a in held if (netns, index, *a) in self._held]
            self._held.difference_update((netns, index, *address) for address in old)
            self._tell(_records(RELEASE, netns, index, old))

    def register(self, record: StopRecord) -> None:
        """Have a resource stopped if the daemon dies, before those named earlier; never blocks."""
        with self._one_at_a_time:
            self._stop_records.pop(record.key, None)
            self._stop_records[record.key] = record
            self._tell([encode_stop_record(record)])

    def withdraw(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped; never blocks."""
        with self._one_at_a_time:
            if self._stop_records.pop((router, resource), None) is not None:
                self._tell([words(WITHDRAW, router, resource)])

    def command_begins(self, mark: str) -> None:
        """Have the processes that carry *mark* killed if the daemon dies; never blocks."""
        with self._one_at_a_time:
            self._commands.add(mark)
            self._tell([words(COMMAND_BEGINS, mark, self.lock)])

    def command_ended(self, mark: str) -> None:
        """Forget them: what is left of them is meant to stay; never blocks."""
        with self._one_at_a_time:
            self._commands.discard(mark)
            self._tell([words(COMMAND_ENDED, mark)])

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the child has died; -1 after close."""
        return self._pidfd

    def alive(self) -> bool:
        """Whether the child still watches."""
        if not self._reaped and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._reaped = True
        return not self._reaped

    def close(self, patience: float = 1.0) -> None:
        """Let the child tidy up what is left and go; wait *patience* seconds at most.

        One that has resources to stop takes the time that it needs, and nobody waits for it.
        """
        if self._pidfd < 0:
            return
        pipe, self._pipe = self._pipe, -1
        os.close(pipe)
        if self.alive():
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(patience * _MILLISECONDS) and not self._stop_records:
                os.kill(self.pid, signal.SIGKILL)
                poll.poll(patience * _MILLISECONDS)
            self.alive()
        os.close(self._pidfd)
        self._pidfd = -1

    def _tell(self, records: Sequence[bytes]) -> None:
        self._backlog.extend(records)
        self._flush()
        if len(self._backlog) > _LONGEST_BACKLOG:
            # The child was stopped for long: what counts is only how things stand now.
            self._backlog = deque(self._everything())

    def _everything(self) -> list[bytes]:
        records = [framed(FORGET, b"")]
        for netns, index in {entry[:2] for entry in self._held}:
            held = [entry[2:] for entry in self._held if entry[:2] == (netns, index)]
            records += _records(HOLD, netns, index, held)
        records += [encode_stop_record(record) for record in self._stop_records.values()]
        records += [words(COMMAND_BEGINS, mark, self.lock) for mark in self._commands]
        return records

    def _flush(self) -> None:
        while self._begun or self._backlog:
            record = self._begun or self._backlog.popleft()
            try:
                written = os.write(self._pipe, record)
            except BlockingIOError:
                # The child is slow or stopped; the next request tries again.
                self._begun = record
                return
            except OSError:
                # It is dead, which `alive` tells, or we have closed.
                self._begun = b""
                self._backlog.clear()
                return
            self._begun = record[written:]


def _records(what: int, netns: str, index: int, held: Sequence[tuple[bytes, int]]) -> list[bytes]:
    starts = range(0, len(held), PER_RECORD)
    return [addresses(what, (netns, index), held[start:][:PER_RECORD]) for start in starts]


def _widen(pipe: int) -> None:
    """Have room for whatever an agent's parameters may be, so that a record is there at once."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)
    except OSError:
        return  # beyond what the system allows; then a large one takes a second turn


def _released_first(descriptor: int) -> int:
    """Return *descriptor* under a high number.

    The kernel releases the files of a killed process from the highest number down, and a packet
    socket takes it 10 ms or more. The pipe must not wait for those.
    """
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:
        return descriptor  # the limit on open files is low; it works all the same
    os.close(descriptor)
    return high
