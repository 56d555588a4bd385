"""Packet sockets: opened so that nothing unfiltered gets in, read without starving timers."""

import asyncio
import socket
from collections.abc import Callable

from pyvrrp.identity import Place
from pyvrrp.net.sockets.bpf import Program, attach
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered

ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD

_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER = 1 << 20
_LONGEST_PACKET = 10_000  # above jumbo frames; a longer one arrives cut and is refused later
_PER_WAKE_UP = 64
_PER_DRAIN = 1024


def open_packet_socket(
    place: Place, kind: socket.SocketKind, protocol: int, program: Program
) -> socket.socket:
    """Return a non-blocking packet socket on the interface that receives what *program* accepts.

    *protocol* is an Ethernet type, 0 to receive nothing. Raises KernelError.
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
        # Only now: a socket made with its protocol receives before it has its filter.
        sock.bind((place.interface, protocol))
    except OSError as error:
        sock.close()
        raise refused(f"cannot open a packet socket on {place}", error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def enlarge_receive_buffer(sock: socket.socket, size: int) -> None:
    """Give *sock* that many bytes, or as many as may be had without CAP_NET_ADMIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


class PacketReader:
    """Delivers what arrives on a packet socket, in the event loop and on demand."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        deliver: Callable[[bytes], None],
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._deliver = deliver
        self._reading = False
        self._closed = False
        self.received = 0
        self.errors = 0
        loop.add_reader(sock, self._wake_up)

    def drain(self) -> None:
        """Deliver what is queued now, within reason; nothing if called from a delivery."""
        self._read(_PER_DRAIN)

    def close(self) -> None:
        """Stop reading and close the socket."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._sock)
            self._sock.close()

    def _wake_up(self) -> None:
        # What is left wakes us again, after timers and other sockets had their turn.
        self._read(_PER_WAKE_UP)

    def _read(self, limit: int) -> None:
        if self._reading:
            return
        self._reading = True
        try:
            for _ in range(limit):
                if self._closed or not self._read_one():
                    return
        finally:
            self._reading = False

    def _read_one(self) -> bool:
        try:
            packet = self._sock.recv(_LONGEST_PACKET)
        except BlockingIOError:
            return False
        except OSError:
            # The interface went down or away; the kernel says so once and the socket lives on.
            self.errors += 1
            return False
        self.received += 1
        self._deliver(packet)
        return True
