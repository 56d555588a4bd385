"""Send advertisements to single hosts through a raw IP socket.

A packet socket would need the hardware address of the neighbour or of a router, which the IP layer
of the kernel finds by itself. This socket receives nothing. But while it is open the kernel does
not answer each advertisement of a peer with "protocol unreachable".
"""

import socket

from pyvrrp.identity import Address, Family, Place
from pyvrrp.net.sockets import bpf
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered

_VRRP = 112
_IP_HDRINCL = 3
_IPV6_HDRINCL = 36  # linux/in6.h, since Linux 4.5
_QUEUE_PRIORITY = 6  # linux/pkt_sched.h: ahead of bulk traffic in the queues of the interface


class UnicastSocket:
    """Sends whole IP packets of one family out of one interface, along the routes of the kernel."""

    def __init__(self, place: Place, family: Family) -> None:
        """Open the socket; raise KernelError."""
        self._place = place
        self._addresses: dict[Address, tuple[str, int]] = {}  # of each peer, for sendto
        kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
        try:
            with entered(place.netns):
                self._sock = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _VRRP)
        except OSError as error:
            raise refused(f"cannot open a raw socket for {place}", error) from error
        try:
            bpf.attach(self._sock, bpf.NOTHING)
            device = place.interface.encode()
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, _QUEUE_PRIORITY)
            if family is Family.IPV4:
                self._sock.setsockopt(socket.IPPROTO_IP, _IP_HDRINCL, 1)
            else:
                self._sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
        except OSError as error:
            self._sock.close()
            raise refused(f"cannot open a raw socket on {place}", error) from error
        except BaseException:
            self._sock.close()
            raise

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one IP packet, header included; raise KernelError if the kernel refuses."""
        address = self._addresses.get(destination)
        if address is None:
            address = self._addresses[destination] = (str(destination), 0)
        try:
            self._sock.sendto(packet, address)
        except OSError as error:
            raise refused(f"cannot send to {destination} on {self._place}", error) from error

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket. A second call does nothing."""
        self._sock.close()
