"""Listen to the kernel for the interfaces of one network namespace that have changed."""

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass

from pyvrrp.errors import KernelError
from pyvrrp.net.netlink import codec
from pyvrrp.net.sockets.bpf import attach, without_renewals
from pyvrrp.net.sockets.packet import enlarge_receive_buffer
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered, namespace_number

_GROUPS = 0x1 | 0x10 | 0x100  # linux/rtnetlink.h: links, IPv4 addresses, IPv6 addresses
_LINK = frozenset({codec.RTM_NEWLINK, codec.RTM_DELLINK})
_ADDRESS = frozenset({codec.RTM_NEWADDR, codec.RTM_DELADDR})
_RECEIVE_BUFFER = 1 << 20
_LONGEST_READ = 1 << 16  # alternative names stand near the end of an event, which may be long
_PER_WAKE_UP = 64
_PAUSE_SECONDS = 0.05
_LONG_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 1.0  # for another namespace under the name: the kernel sends no event for that
_UNSPECIFIED = 0  # the family of events about interfaces; those of bridges are about their ports


@dataclass(frozen=True, slots=True)
class Touched:
    """The interface of that index has changed.

    *name* is empty if an address has changed. *gone*: the interface was deleted or has moved to
    another network namespace, so that another one may get its index.
    """

    index: int
    name: str
    other_names: tuple[str, ...] = ()
    gone: bool = False


class LinkEvents:
    """Reports what has changed to *touched*; calls *lost* when events may have been lost.

    A network namespace that does not exist is looked for every second. The constructor raises
    KernelError if the kernel refuses anything else. Renewals of our own addresses are not reported.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        netns: str,
        touched: Callable[[Touched], None],
        lost: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._netns = netns
        self._touched = touched
        self._lost = lost
        self._pause: asyncio.TimerHandle | None = None
        self._sock: socket.socket | None = None
        self._namespace = 0
        self._look: asyncio.TimerHandle | None = None
        self.losses = 0
        try:
            self._listen()
        except KernelError as error:
            if error.code != errno.ENOENT:
                raise
            self._pause = self._loop.call_later(_LONG_PAUSE_SECONDS, self._begin_anew)

    def close(self) -> None:
        """Stop listening. A second call does nothing."""
        if self._pause is not None:
            self._pause.cancel()
        self._close_socket()

    def _listen(self) -> None:
        self._namespace = namespace_number(self._netns)
        self._sock = _open(self._netns)
        self._loop.add_reader(self._sock, self._wake_up, self._sock)
        if self._netns:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_for_another)

    def _look_for_another(self) -> None:
        if namespace_number(self._netns) == self._namespace:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_for_another)
        else:
            # The open socket kept the namespace alive after its deletion.
            self._close_socket()
            self._begin_anew()

    def _wake_up(self, sock: socket.socket) -> None:
        # The rest wakes us again, after timers and other sockets had their turn.
        for _ in range(_PER_WAKE_UP):
            try:
                event = sock.recv(_LONGEST_READ)
            except BlockingIOError:
                return
            except OSError:
                self._fail()
                return
            try:
                for kind, _, _, body in codec.messages(event):
                    self._note(kind, body)
            except Exception:
                # What it said is lost, so everything is read anew. The loop reports the error.
                self._fail()
                raise
            if sock is not self._sock:
                return  # closed by what was called

    def _note(self, kind: int, body: bytes) -> None:
        if kind in _LINK:
            family, _, index, _, _ = codec.LINK.unpack_from(body)
            name, *others = codec.names_of(body)
            gone = kind == codec.RTM_DELLINK and family == _UNSPECIFIED
            self._touched(Touched(index, name, tuple(others), gone))
        elif kind in _ADDRESS:
            self._touched(Touched(codec.ADDRESS.unpack_from(body)[4], ""))

    def _fail(self) -> None:
        """Begin anew a little later: in a storm of events it is useless to follow each one."""
        self.losses += 1
        self._close_socket()
        self._pause = self._loop.call_later(_PAUSE_SECONDS, self._begin_anew)

    def _begin_anew(self) -> None:
        try:
            self._listen()
        except KernelError:
            # The namespace is gone, which reading the interfaces will show.
            self._pause = self._loop.call_later(_LONG_PAUSE_SECONDS, self._begin_anew)
        self._lost()

    def _close_socket(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._sock = None


def _open(netns: str) -> socket.socket:
    try:
        with entered(netns):
            sock = socket.socket(
                socket.AF_NETLINK,
                socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
                socket.NETLINK_ROUTE,
            )
        try:
            attach(sock, without_renewals(codec.OUR_PROTOCOL))
            enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
            # Only now: without its filter the socket must not receive anything.
            sock.bind((0, _GROUPS))
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        raise refused("cannot listen to the interfaces", error) from error
    return sock
