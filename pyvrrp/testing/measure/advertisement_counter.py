"""Count VRRP advertisements of IPv4 without reading them, at almost no cost for the sender.

The kernel does a part of the receivers' work in the sender's time. So every frame that is copied to
an observer would be charged to the sender, which is being measured. The socket here has no room:
the kernel counts what its filter accepts, and drops it.
"""

import socket
import struct
from types import TracebackType
from typing import Self

from pyvrrp.testing.measure.capture import attach_filter
from pyvrrp.testing.namespaces import inside

_ETH_P_ALL = 3
_ETH_P_IP = 0x0800
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_STATISTICS = struct.Struct("=II")  # frames that the filter accepted, and how many were dropped

# Classic BPF: (code, jump if true, jump if false, constant).
_FILTER = (
    (0x20, 0, 0, 0xFFFFF004),  # packet type
    (0x15, 5, 0, 4),  # outgoing: drop
    (0x28, 0, 0, 12),  # EtherType
    (0x15, 0, 3, _ETH_P_IP),
    (0x30, 0, 0, 23),  # IPv4 protocol
    (0x15, 0, 1, 112),
    (0x06, 0, 0, 1),
    (0x06, 0, 0, 0),
)


class AdvertisementCounter:
    """How many advertisements arrive at *interface*; for a port of a switch, from its host."""

    def __init__(self, namespace: str, interface: str) -> None:
        self._socket = inside(namespace, lambda: _open(interface))
        self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def restart(self) -> int:
        """Return how many there were since the last call, and begin again with 0."""
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        accepted: int = _STATISTICS.unpack(statistics)[0]
        return accepted

    def close(self) -> None:
        """Count no longer."""
        self._socket.close()


def _open(interface: str) -> socket.socket:
    counter = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    attach_filter(counter, _FILTER)
    counter.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    counter.bind((interface, _ETH_P_ALL))
    return counter
