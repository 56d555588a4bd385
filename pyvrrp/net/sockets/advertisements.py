"""Send and receive the advertisements of one interface, through packet sockets.

A packet socket also receives packets that the IP stack would drop: the advertisement of an address
owner that returns, whose source is a local address of the backup that took over, and packets that
rp_filter or a firewall refuses. So no sysctl has to be changed.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, Place
from pyvrrp.net.sockets import bpf
from pyvrrp.net.sockets.lending import NOBODY, Borrower, LentSocket, lent_name
from pyvrrp.net.sockets.packet import (
    ETH_P_IP,
    ETH_P_IPV6,
    PacketReader,
    is_attached,
    open_packet_socket,
)
from pyvrrp.net.sockets.unicast import UnicastSocket
from pyvrrp.net.system.interface_index import interface_index
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered
from pyvrrp.packet.layout import IPV4_GROUP, IPV6_GROUP, TTL, group_of
from pyvrrp.units import SECOND

_MAC_V4 = bytes.fromhex("01005e000012")
_MAC_V6 = bytes.fromhex("333300000012")

_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_STATISTICS = struct.Struct("=II")
_QUEUE_PRIORITY = 6  # linux/pkt_sched.h: ahead of bulk traffic in the queues of the interface

_OVERLOAD_PER_SECOND = 2_000
_CALM_AFTER_SECONDS = 10.0


class KernelAdvertisementSocket:
    """The advertisements of one family on one interface, for *multicast*, *unicast* or both.

    Without *multicast* the group is not joined, and this host sends nothing by multicast. Under a
    flood a filter in the kernel accepts only the TTLs and the VRIDs that matter. The attributes
    for the counters are ``received`` packets, ``errors`` on reading, ``overloads``, and packets
    that the kernel has ``dropped`` because the receive buffer was full.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool = True,
        unicast: bool = False,
        borrower: Borrower = NOBODY,
        overload_per_second: int = _OVERLOAD_PER_SECOND,
        calm_after: float = _CALM_AFTER_SECONDS,
        close: Callable[[socket.socket], None] = socket.socket.close,
    ) -> None:
        self._loop = loop
        self._place = place
        self._family = family
        self._group = group_of(family)
        self._overload_per_second = overload_per_second
        self._calm_after = calm_after
        self._vrids: frozenset[int] | None = None
        self._min_ttl = TTL
        self._unicast: UnicastSocket | None = None
        self._membership: socket.socket | None = None
        self._window_start = 0
        self._in_window = 0
        self._calm: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._closed = False
        self.overloads = 0
        protocol = ETH_P_IP if family is Family.IPV4 else ETH_P_IPV6
        program = bpf.vrrp(family)
        self._sock = open_packet_socket(place, socket.SOCK_DGRAM, protocol, program)
        self._destination = group_address(place, family)
        self._borrower = borrower
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, _QUEUE_PRIORITY)
            if unicast:
                self._unicast = UnicastSocket(place, family)
            if multicast:
                self._membership = _join(place, family)
        except BaseException:
            self._sock.close()
            self._close_others()
            raise
        self._reader = PacketReader(loop, self._sock, receive, self._count, close=close)
        for what, descriptor in self._lent():
            borrower.lend(lent_name(place, family, what), descriptor)

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one IP packet, header included; raise KernelError if the kernel refuses."""
        if destination != self._group:
            if self._unicast is None:
                raise KernelError(f"cannot send to {destination} on {self._place}: no unicast here")
            self._unicast.send(packet, destination)
            return
        try:
            self._sock.sendto(packet, self._destination)
        except OSError as error:
            raise refused(f"cannot send on {self._place}", error) from error

    def drain(self) -> None:
        """Deliver the queued packets at once, 1024 at most."""
        self._reader.drain()

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        """Set the VRIDs and the lowest TTL that an overloaded socket lets through."""
        self._vrids = vrids
        self._min_ttl = min_ttl
        if self.overloaded:
            self._attach_strict()

    @property
    def received(self) -> int:
        """How many packets were delivered."""
        return self._reader.received

    @property
    def errors(self) -> int:
        """How often reading failed because the interface was down or gone."""
        return self._reader.errors

    @property
    def overloaded(self) -> bool:
        """Whether the strict filter is in force."""
        return self._calm is not None

    @property
    def dropped(self) -> int:
        """How many packets the kernel has dropped because the receive buffer was full."""
        if not self._closed:
            # Reading resets the counters of the kernel.
            raw = self._sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
            self._dropped += _STATISTICS.unpack(raw)[1]
        return self._dropped

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists."""
        return is_attached(self._sock)

    def close(self) -> None:
        """Leave the group and close all sockets. A second call does nothing."""
        self._closed = True
        if self._calm is not None:
            self._calm.cancel()
            self._calm = None
        for what, _ in self._lent():
            self._borrower.want_back(lent_name(self._place, self._family, what))
        self._reader.close()
        self._close_others()

    def _lent(self) -> Iterator[tuple[LentSocket, int]]:
        yield LentSocket.PACKETS, self._sock.fileno()
        if self._membership is not None:
            # While the other process has it, the successor's advertisements still arrive.
            yield LentSocket.GROUP, self._membership.fileno()
        if self._unicast is not None:
            yield LentSocket.HOSTS, self._unicast.fileno()

    def _close_others(self) -> None:
        if self._membership is not None:
            self._membership.close()
        if self._unicast is not None:
            self._unicast.close()

    def _count(self, packets: int, now: int) -> None:
        if now - self._window_start >= SECOND:
            self._window_start = now
            self._in_window = 0
        before = self._in_window
        self._in_window += packets
        if before <= self._overload_per_second < self._in_window:
            self._overload()

    def _overload(self) -> None:
        if self._calm is None:
            self.overloads += 1
            self._attach_strict()
        else:
            self._calm.cancel()
        self._calm = self._loop.call_later(self._calm_after, self._relax)

    def _relax(self) -> None:
        # Packets that the strict filter drops are not counted. If the flood continues, the strict
        # filter is back within a second.
        self._calm = None
        self._window_start = 0
        bpf.attach(self._sock, bpf.vrrp(self._family))

    def _attach_strict(self) -> None:
        bpf.attach(self._sock, bpf.vrrp_strict(self._family, self._vrids, self._min_ttl))


def group_address(place: Place, family: Family) -> tuple[str, int, int, int, bytes]:
    """Return the address of the group for a packet socket."""
    if family is Family.IPV4:
        return place.interface, ETH_P_IP, 0, 0, _MAC_V4
    return place.interface, ETH_P_IPV6, 0, 0, _MAC_V6


def _join(place: Place, family: Family) -> socket.socket:
    """Join the group, so that switches and the network card let its packets through."""
    group = group_of(family)
    try:
        with entered(place.netns):
            sock = socket.socket(
                socket.AF_INET if family is Family.IPV4 else socket.AF_INET6, socket.SOCK_DGRAM
            )
            try:
                _join_with(sock, family, interface_index(place.interface))
            except BaseException:
                sock.close()
                raise
    except OSError as error:
        raise refused(f"cannot join {group} on {place}", error) from error
    return sock


def _join_with(sock: socket.socket, family: Family, index: int) -> None:
    if family is Family.IPV4:
        request = IPV4_GROUP.packed + bytes(4) + struct.pack("=i", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    else:
        request = IPV6_GROUP.packed + struct.pack("=i", index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
