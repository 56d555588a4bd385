"""Packet sockets: how they are opened with their filter, and how they are read."""

import asyncio
import select
import socket
import time
from collections.abc import Callable

from pyvrrp.identity import Place
from pyvrrp.net.sockets.bpf import Program, attach
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered
from pyvrrp.units import MILLISECOND

ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD

_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER = 1 << 20
_LONGEST_PACKET = 10_000  # more than a jumbo frame; a longer packet is cut, and refused later
_PER_WAKE_UP = 64
_PER_DRAIN = 1024
_AT_ONCE = MILLISECOND  # from one wake-up to the next
_MANY = 4  # packets in a burst
_GATHER_SECONDS = 0.002


def open_packet_socket(
    place: Place, kind: socket.SocketKind, protocol: int, program: Program
) -> socket.socket:
    """Return a non-blocking packet socket on the interface that receives what *program* accepts.

    *protocol* is an Ethernet type; with 0 it receives nothing. Raises KernelError.
    """
    try:
        with entered(place.netns):
            sock = socket.socket(socket.AF_PACKET, kind | socket.SOCK_NONBLOCK, 0)
    except OSError as error:
        raise refused(f"cannot open a packet socket for {place}", error) from error
    try:
        attach(sock, program)
        sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
        # Only now: a socket that is opened with a protocol receives before it has its filter.
        sock.bind((place.interface, protocol))
    except OSError as error:
        sock.close()
        raise refused(f"cannot open a packet socket on {place}", error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def is_attached(sock: socket.socket) -> bool:
    """Return whether the interface of a packet socket still exists, under whatever name."""
    try:
        name: str = sock.getsockname()[0]
    except OSError:
        return False  # it is closed
    return bool(name)


def enlarge_receive_buffer(sock: socket.socket, size: int) -> None:
    """Set the receive buffer of *sock*; without CAP_NET_ADMIN it may become smaller than *size*."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


class PacketReader:
    """Delivers the packets of a packet socket, in the event loop and on demand.

    *counted* gets the number of packets of each reading, and the monotonic time in nanoseconds at
    which it began. *close* closes the socket, which must not keep the loop waiting.

    A wake-up means that one packet is there, so one is read. To find out that there is no second
    one takes nearly as long as to read it. More are read when packets come in bursts: when two
    wake-ups follow each other at once, or when the last burst had several packets. A burst of many
    packets is read as a whole, 2 to 3 ms after its first packet: each wake-up takes longer, for
    this process and for the sender, than to read ten packets.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        deliver: Callable[[bytes], None],
        counted: Callable[[int, int], None] = lambda _number, _now: None,
        now: Callable[[], int] = time.monotonic_ns,
        gather_seconds: float = _GATHER_SECONDS,
        close: Callable[[socket.socket], None] = socket.socket.close,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._deliver = deliver
        self._counted = counted
        self._now = now
        self._gather_seconds = gather_seconds
        self._close_socket = close
        self._reading = False
        self._closed = False
        self._woken_at = 0
        self._burst = 0  # packets in the last burst
        self._fresh = 0  # packets since the last wake-up
        self._gathering: asyncio.TimerHandle | None = None
        self.received = 0
        self.errors = 0
        # It stands between the socket and the loop, to ignore the socket for a while. To tell the
        # loop to do that would take much longer.
        self._poll = select.epoll()
        self._poll.register(sock, select.EPOLLIN)
        loop.add_reader(self._poll, self._wake_up)

    def drain(self) -> None:
        """Deliver the queued packets, 1024 at most; do nothing if called from a delivery."""
        self._read(_PER_DRAIN, self._now())

    def close(self) -> None:
        """Stop reading and close the socket."""
        if not self._closed:
            self._closed = True
            if self._gathering is not None:
                self._gathering.cancel()
            self._loop.remove_reader(self._poll)
            self._poll.close()
            self._close_socket(self._sock)

    def _wake_up(self) -> None:
        # The rest wakes us again, after timers and other sockets had their turn.
        now = self._now()
        if self._gathering is not None:
            self._read(1, now)  # an error of the socket, which is reported in any case
            return
        if self._burst >= _MANY:
            self._poll.modify(self._sock, 0)
            self._gathering = self._loop.call_later(self._gather_seconds, self._gather)
            return
        self._fresh = 0
        follows = now - self._woken_at < _AT_ONCE
        self._read(_PER_WAKE_UP if follows or self._burst > 1 else 1, now)
        self._burst = self._fresh
        self._woken_at = now

    def _gather(self) -> None:
        self._gathering = None
        self._read(_PER_WAKE_UP, self._now())
        self._burst, self._fresh = self._fresh, 0
        if not self._closed:
            self._poll.modify(self._sock, select.EPOLLIN)

    def _read(self, limit: int, now: int) -> None:
        """Read and deliver *limit* packets at most."""
        if self._reading:
            return
        self._reading = True
        number = 0
        try:
            while number < limit and not self._closed:
                try:
                    packet = self._sock.recv(_LONGEST_PACKET)
                except BlockingIOError:
                    break
                except OSError:
                    # The interface is down or gone. The kernel reports that once, and the socket
                    # stays usable.
                    self.errors += 1
                    break
                number += 1
                self._deliver(packet)
        finally:
            self._reading = False
            self.received += number
            self._fresh += number
        if not self._closed:
            self._counted(number, now)
