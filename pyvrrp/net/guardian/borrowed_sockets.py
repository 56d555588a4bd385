"""Sockets of the daemon that the guardian has too, so that they outlive the daemon.

The daemon lends each socket with which it sends or hears advertisements, and the one with which it
hears announcements. While the daemon lives, the guardian neither reads nor sends. The guardian
imports this module, so it must import little.
"""

import socket
import struct

_NAMES = 512  # octets: the longest name of a socket
_DESCRIPTOR = struct.Struct("=i")


class BorrowedSockets:
    """The guardian's side: the sockets that were lent, by their names."""

    def __init__(self, channel: int) -> None:
        self._channel = socket.socket(fileno=channel)
        self._sockets: dict[str, socket.socket] = {}

    def fileno(self) -> int:
        """Return the descriptor of the channel."""
        return self._channel.fileno()

    def get(self, name: str) -> socket.socket | None:
        """Return the socket of that name, if it is lent."""
        return self._sockets.get(name)

    def receive(self) -> bool:
        """Take what was lent and give back what is wanted back; return whether more may come."""
        while True:
            try:
                name, ancillary, _, _ = self._channel.recvmsg(
                    _NAMES, socket.CMSG_SPACE(_DESCRIPTOR.size)
                )
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not name:
                return False
            self._replace(name.decode(), ancillary)

    def _replace(self, name: str, ancillary: list[tuple[int, int, bytes]]) -> None:
        before = self._sockets.pop(name, None)
        if before is not None:
            before.close()
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._sockets[name] = socket.socket(fileno=_DESCRIPTOR.unpack(data)[0])


class LendingChannel:
    """The daemon's side."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def lend(self, name: str, descriptor: int) -> None:
        """Lend a socket under *name*, instead of the one that had this name. Never blocks."""
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))
        self._tell(name, [rights])

    def want_back(self, name: str) -> None:
        """Have the guardian close its copy of the socket. Never blocks."""
        self._tell(name, [])

    def close(self) -> None:
        """Lend nothing any more. A second call does nothing."""
        self._channel.close()

    def _tell(self, name: str, rights: list[tuple[int, int, bytes]]) -> None:
        try:
            self._channel.sendmsg([name.encode()], rights)
        except OSError:
            # The guardian has ended, or is stopped and its queue is full. Without the socket it
            # removes the addresses at once.
            return


def lending_channel() -> tuple[LendingChannel, int]:
    """Return the daemon's side, and the descriptor for the guardian's side."""
    kind = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    mine, theirs = socket.socketpair(socket.AF_UNIX, kind)
    return LendingChannel(mine), theirs.detach()
