"""Gratuitous ARP and Neighbor Advertisements out of one interface, and rivals' heard there."""

import asyncio
import fcntl
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from pyvrrp.identity import Address, Family, Place
from pyvrrp.net.sockets import bpf
from pyvrrp.net.sockets.packet import ETH_P_ARP, ETH_P_IPV6, PacketReader, open_packet_socket
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.packet.gratuitous_arp import arp_claim
from pyvrrp.packet.neighbor_advertisement import neighbor_claim
from pyvrrp.ports import Claim

_SIOCGIFHWADDR = 0x8927


class KernelAnnouncementSocket:
    """Whole Ethernet frames out; in, only claims of the addresses that are watched."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        place: Place,
        claimed: Callable[[Claim], None],
    ) -> None:
        self._loop = loop
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
        """Report others' claims of *addresses* from now on, and of nothing else.

        Raises KernelError if the interface cannot be listened to.
        """
        self._watched = addresses
        mine = {int(address) for address in addresses if isinstance(address, IPv4Address)}
        self._listen(Family.IPV4, ETH_P_ARP, bpf.arp_claims(mine) if mine else None)
        mine = {int(address) for address in addresses if not isinstance(address, IPv4Address)}
        self._listen(Family.IPV6, ETH_P_IPV6, bpf.neighbor_claims(mine) if mine else None)

    def close(self) -> None:
        """Close; closing twice does no harm."""
        for family in tuple(self._listeners):
            self._stop_listening(family)
        self._sock.close()

    def _listen(self, family: Family, protocol: int, program: bpf.Program | None) -> None:
        if family in self._listeners:
            # Closing a packet socket waits for the kernel's readers, 15 ms on the way of a release;
            # a filter that lets nothing through is exchanged at once.
            bpf.attach(self._listeners[family][0], program or bpf.NOTHING)
        elif program is not None:
            sock = open_packet_socket(self._place, socket.SOCK_RAW, protocol, program)
            reader = PacketReader(self._loop, sock, self._heard)
            self._listeners[family] = (sock, reader)

    def _stop_listening(self, family: Family) -> None:
        listener = self._listeners.pop(family, None)
        if listener is not None:
            listener[1].close()

    def _heard(self, frame: bytes) -> None:
        claim = arp_claim(frame) or neighbor_claim(frame)
        if claim is None:
            return
        address, mac = claim
        # The filter may let through more than is watched.
        if address in self._watched and mac != self._own_mac():
            self._claimed(Claim(address, mac))

    def _own_mac(self) -> bytes:
        request = struct.pack("16s16x", self._place.interface.encode())
        try:
            answer = fcntl.ioctl(self._sock, _SIOCGIFHWADDR, request)
        except OSError:
            # The interface has just gone: no hardware address is ours.
            return b""
        return answer[18:24]
