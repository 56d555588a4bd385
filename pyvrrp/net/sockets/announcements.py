"""Send gratuitous ARP and Neighbor Advertisements, and receive those of other hosts."""

import asyncio
import fcntl
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from pyvrrp.identity import Address, Family, Place
from pyvrrp.net.sockets import bpf
from pyvrrp.net.sockets.lending import NOBODY, Borrower, LentSocket, lent_name
from pyvrrp.net.sockets.packet import (
    ETH_P_ARP,
    ETH_P_IPV6,
    PacketReader,
    is_attached,
    open_packet_socket,
)
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim
from pyvrrp.packet.neighbours.neighbor_advertisement import neighbor_claim
from pyvrrp.ports import Claim

_SIOCGIFHWADDR = 0x8927


class KernelAnnouncementSocket:
    """Sends whole Ethernet frames, and receives only claims of the addresses that are watched."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        place: Place,
        claimed: Callable[[Claim], None],
        *,
        borrower: Borrower = NOBODY,
        close: Callable[[socket.socket], None] = socket.socket.close,
    ) -> None:
        self._loop = loop
        self._close = close
        self._borrower = borrower
        self._place = place
        self._claimed = claimed
        self._watched: frozenset[Address] = frozenset()
        self._listeners: dict[Family, tuple[socket.socket, PacketReader]] = {}
        self._sock = open_packet_socket(place, socket.SOCK_RAW, 0, bpf.NOTHING)

    def send(self, frame: bytes) -> None:
        """Send one Ethernet frame; raise KernelError if the kernel refuses."""
        try:
            self._sock.send(frame)
        except OSError as error:
            raise refused(f"cannot announce on {self._place}", error) from error

    def watch(self, addresses: frozenset[Address]) -> None:
        """Report claims of *addresses* by other hosts from now on, and of no other addresses.

        Raises KernelError if a socket cannot be opened.
        """
        self._watched = addresses
        mine = {int(address) for address in addresses if isinstance(address, IPv4Address)}
        self._listen(Family.IPV4, ETH_P_ARP, bpf.arp_claims(mine) if mine else None)
        mine = {int(address) for address in addresses if not isinstance(address, IPv4Address)}
        self._listen(Family.IPV6, ETH_P_IPV6, bpf.neighbor_claims(mine) if mine else None)

    def close(self) -> None:
        """Close all sockets. A second call does nothing."""
        for family in tuple(self._listeners):
            self._stop_listening(family)
        self._close(self._sock)

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists."""
        return is_attached(self._sock)

    def _listen(self, family: Family, protocol: int, program: bpf.Program | None) -> None:
        if family in self._listeners:
            # Closing a packet socket waits for readers in the kernel, which would delay a release
            # by 15 ms. A filter that accepts nothing is set at once.
            bpf.attach(self._listeners[family][0], program or bpf.NOTHING)
        elif program is not None:
            sock = open_packet_socket(self._place, socket.SOCK_RAW, protocol, program)
            reader = PacketReader(self._loop, sock, self._heard, close=self._close)
            self._listeners[family] = (sock, reader)
            name = lent_name(self._place, family, LentSocket.CLAIMS)
            self._borrower.lend(name, sock.fileno())

    def _stop_listening(self, family: Family) -> None:
        listener = self._listeners.pop(family, None)
        if listener is not None:
            self._borrower.want_back(lent_name(self._place, family, LentSocket.CLAIMS))
            listener[1].close()

    def _heard(self, frame: bytes) -> None:
        claim = arp_claim(frame) or neighbor_claim(frame)
        if claim is None:
            return
        address, mac = claim
        # The filter may accept other addresses too.
        if address in self._watched and mac != self._own_mac():
            self._claimed(Claim(address, mac))

    def _own_mac(self) -> bytes:
        request = struct.pack("16s16x", self._place.interface.encode())
        try:
            answer = fcntl.ioctl(self._sock, _SIOCGIFHWADDR, request)
        except OSError:
            # The interface is gone: it has no hardware address.
            return b""
        return answer[18:24]
