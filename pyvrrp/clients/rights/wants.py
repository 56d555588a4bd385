"""What a probe needs from a process that may do more than the one that probes.

A probe needs a raw socket, a socket in another network namespace, or a file that only root may
read. `Rights` gets it. In a process with the rights that is `pyvrrp.clients.rights.own`, in the
prober it is `pyvrrp.prober.borrowed`, which asks the daemon.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from pyvrrp.clients.base.resolver import HostName, LookUpResult
from pyvrrp.identity import Address


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """A TCP socket for one address, not connected, with this source address."""

    source: Address | None
    netns: str


@dataclass(frozen=True, slots=True)
class PingSocket:
    """A raw socket that receives echo replies and ICMP errors, not connected."""

    source: Address | None
    interface: str
    netns: str


@dataclass(frozen=True, slots=True)
class NeighbourSocket:
    """A packet socket that receives ARP, or with *ipv6* Neighbor Advertisements."""

    interface: str
    netns: str
    ipv6: bool


@dataclass(frozen=True, slots=True)
class UnixStream:
    """A stream that is connected to a UNIX socket."""

    path: Path


@dataclass(frozen=True, slots=True)
class CopyOfFile:
    """The content of a file, or of all certificates in a directory."""

    path: Path


@dataclass(frozen=True, slots=True)
class LookUp:
    """The addresses of a host, looked up in its network namespace."""

    name: HostName


@dataclass(frozen=True, slots=True)
class PatternSearcher:
    """A stream to a new process that searches for one regular expression."""

    pattern: str


SocketWant: TypeAlias = TcpSocket | PingSocket | NeighbourSocket | UnixStream
Want: TypeAlias = SocketWant | CopyOfFile | LookUp | PatternSearcher


@dataclass(frozen=True, slots=True)
class Opened:
    """A non-blocking socket, and the scope of the address that it is for (IPv6; 0: none)."""

    connection: socket.socket
    scope: int = 0


@dataclass(frozen=True, slots=True)
class FileCopy:
    """The content of a file in memory, as it was at *stamp*.

    *descriptor* is -1 if the file still has the stamp that the caller knows.
    """

    descriptor: int
    stamp: str


class Rights(Protocol):
    """Gets what a probe needs. The methods raise ProbeError or OSError."""

    async def open(self, want: SocketWant, address: Address | None) -> Opened:
        """Return a new socket for *address*. The caller must close it."""

    async def copy(self, path: Path, stamp: str) -> FileCopy:
        """Return the content of *path*, unless it still has *stamp*.

        This waits for as long as the file system hangs. The caller must close the descriptor.
        """

    def look_up(self, name: HostName) -> LookUpResult:
        """Return the addresses of *name*. Blocks; for a thread that ends afterwards."""
