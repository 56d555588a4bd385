"""A tiny child process that removes the virtual addresses within milliseconds if the daemon dies.

It does nothing but wait for the end of a pipe. `Guardian.fork` is called first thing in the
process, before the heavy imports, so that the child stays small; hence this module imports next
to nothing.
"""

import fcntl
import os
import select
import signal
import struct
from collections import deque
from collections.abc import Iterable, Sequence

from pyvrrp.net.libc import enter_network_namespace, name_process
from pyvrrp.net.netlink import Netlink, delete_address

_HOLD = 1
_RELEASE = 2
_FORGET = 3
_LENGTH = struct.Struct("=H")
_RECORD = struct.Struct("=BiB")  # hold or release, index of the interface, length of the name
_ADDRESS = struct.Struct("=BB16s")  # length of the address, length of the prefix, address
_PER_RECORD = 200  # a record then fits PIPE_BUF (4096), so it is written whole or not at all
_LONGEST_BACKLOG = 256
_PIPE_IN_CHILD = 3
_HIGH_DESCRIPTOR = 1000  # below the usual limit of 1024
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
_MILLISECONDS = 1000

# A packed address and the length of its prefix, on the interface of that index in that namespace.
_Held = tuple[str, int, bytes, int]


class Guardian:
    """The daemon's end of the pipe. May be used from one thread at a time."""

    def __init__(self, pid: int, pidfd: int, pipe: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._pipe = pipe
        self._backlog: deque[bytes] = deque()
        self._held: set[_Held] = set()
        self._reaped = False

    @classmethod
    def fork(cls) -> "Guardian":
        """Start the child; raise OSError if the system will not have another process.

        Call this before any thread exists and before the heavy imports.
        """
        reading, writing = os.pipe2(os.O_CLOEXEC)
        # A signal must not find the child before it has learnt to ignore it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            pid = os.fork()
            if pid == 0:
                _be_the_child(reading, mask)
        except OSError:
            os.close(writing)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(reading)
        writing = _released_first(writing)
        os.set_blocking(writing, False)
        return cls(pid, os.pidfd_open(pid), writing)

    def hold(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Have these (packed address, prefix length) removed if the daemon dies; never blocks."""
        new = [a for a in addresses if (netns, index, *a) not in self._held]
        self._held.update((netns, index, *address) for address in new)
        self._tell(_HOLD, netns, index, new)

    def release(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Forget these: they are gone; never blocks."""
        old = [a for a in addresses if (netns, index, *a) in self._held]
        self._held.difference_update((netns, index, *address) for address in old)
        self._tell(_RELEASE, netns, index, old)

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the child has died; -1 after close."""
        return self._pidfd

    def alive(self) -> bool:
        """Whether the child still watches."""
        if not self._reaped and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._reaped = True
        return not self._reaped

    def close(self, patience: float = 1.0) -> None:
        """Let the child remove what is still held and go; wait *patience* seconds at most."""
        if self._pidfd < 0:
            return
        pipe, self._pipe = self._pipe, -1
        os.close(pipe)
        if self.alive():
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(patience * _MILLISECONDS):
                os.kill(self.pid, signal.SIGKILL)
                poll.poll(patience * _MILLISECONDS)
            self.alive()
        os.close(self._pidfd)
        self._pidfd = -1

    def _tell(
        self, what: int, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]
    ) -> None:
        self._backlog.extend(_records(what, netns, index, addresses))
        self._flush()
        if len(self._backlog) > _LONGEST_BACKLOG:
            # The child was stopped for long: what counts is only how things stand now.
            self._backlog = deque(self._everything())

    def _everything(self) -> list[bytes]:
        records = [_record(_FORGET, "", 0, ())]
        for netns, index in {entry[:2] for entry in self._held}:
            held = [entry[2:] for entry in self._held if entry[:2] == (netns, index)]
            records += _records(_HOLD, netns, index, held)
        return records

    def _flush(self) -> None:
        while self._backlog:
            try:
                os.write(self._pipe, self._backlog[0])
            except BlockingIOError:
                # The child is slow or stopped; the next request tries again.
                return
            except OSError:
                # It is dead, which `alive` tells, or we have closed.
                self._backlog.clear()
                return
            self._backlog.popleft()


def _records(
    what: int, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]
) -> list[bytes]:
    starts = range(0, len(addresses), _PER_RECORD)
    return [_record(what, netns, index, addresses[start:][:_PER_RECORD]) for start in starts]


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


def _record(what: int, netns: str, index: int, addresses: Iterable[tuple[bytes, int]]) -> bytes:
    name = netns.encode()
    body = _RECORD.pack(what, index, len(name)) + name
    body += b"".join(_ADDRESS.pack(len(local), prefix, local) for local, prefix in addresses)
    return _LENGTH.pack(len(body)) + body


def _be_the_child(pipe: int, mask: Iterable[int]) -> None:
    try:
        _detach(pipe)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _remove(_watch(_PIPE_IN_CHILD))
    finally:
        # Never return into the daemon's code.
        os._exit(0)


def _detach(pipe: int) -> None:
    """Share nothing with the daemon: session, signals, descriptors, directory, scheduling."""
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(pipe, _PIPE_IN_CHILD)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in range(_PIPE_IN_CHILD):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  - pathlib would double the child
        if int(name) > _PIPE_IN_CHILD:
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


def _watch(pipe: int) -> set[_Held]:
    """Return what is held when the daemon has gone."""
    held: set[_Held] = set()
    buffered = b""
    while data := os.read(pipe, 1 << 16):
        buffered += data
        while len(buffered) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(buffered)[0]
            if len(buffered) < end:
                break
            _take_note(held, buffered[_LENGTH.size : end])
            buffered = buffered[end:]
    return held


def _take_note(held: set[_Held], body: bytes) -> None:
    what, index, name_length = _RECORD.unpack_from(body)
    end = _RECORD.size + name_length
    netns = body[_RECORD.size : end].decode()
    entries = {
        (netns, index, local[:length], prefix)
        for length, prefix, local in _ADDRESS.iter_unpack(body[end:])
    }
    if what == _HOLD:
        held |= entries
    elif what == _RELEASE:
        held -= entries
    else:
        held.clear()


def _remove(held: set[_Held]) -> None:
    # The daemon's own namespace, the empty name, comes first: no way leads back to it.
    for netns in sorted({entry[0] for entry in held}):
        requests = [
            delete_address(index, local, prefix)
            for where, index, local, prefix in held
            if where == netns
        ]
        try:
            if netns:
                enter_network_namespace(os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_CLOEXEC))
            with Netlink() as kernel:
                kernel.batch(requests)
        except OSError:
            # That namespace has gone, and its addresses with it.
            continue
