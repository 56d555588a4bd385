"""Messages over a socket, in order, each with at most one descriptor."""

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable

from pyvrrp.prober.messages import MOST

_PER_TURN = 16  # messages that are read before anything else gets a turn
_MOST_QUEUED = 8192  # messages that the other end has not taken


class MessageChannel:
    """One end. *received* gets each message, *ended* is called once when the other end is gone.

    A datagram that is longer than any message ends the channel. What does not fit into the socket
    is queued, and dropped when 8192 messages wait: the other end does not read any more then.
    """

    def __init__(
        self,
        end: socket.socket,
        received: Callable[[bytes, int], None],
        ended: Callable[[str], None],
        *,
        takes_descriptors: bool = False,
    ) -> None:
        end.setblocking(False)
        self._end = end
        self._received = received
        self._ended = ended
        self._room = socket.CMSG_SPACE(array.array("i").itemsize) if takes_descriptors else 0
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[bytes, int]] = deque()
        self._writing = False
        self._open = True
        self._loop.add_reader(end.fileno(), self.read)

    def send(self, message: bytes, descriptor: int = -1) -> bool:
        """Send *message*, soon. *descriptor* is given away and closed here in every case.

        Return False if it was dropped.
        """
        if not self._open or len(self._queue) >= _MOST_QUEUED:
            _close(descriptor)
            return False
        self._queue.append((message, descriptor))
        if not self._writing:
            self._write()
        return True

    def close(self) -> None:
        """Close this end. Nothing is received any more."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._end.fileno())
        if self._writing:
            self._loop.remove_writer(self._end.fileno())
        self._end.close()
        while self._queue:
            _close(self._queue.popleft()[1])

    def _write(self) -> None:
        while self._queue:
            message, descriptor = self._queue[0]
            try:
                if descriptor >= 0:
                    socket.send_fds(self._end, [message], [descriptor])
                else:
                    self._end.send(message)
            except BlockingIOError:
                break
            except OSError:
                # The reader hears that the other end is gone.
                pass
            self._queue.popleft()
            _close(descriptor)
        waits = bool(self._queue)
        if waits and not self._writing:
            self._loop.add_writer(self._end.fileno(), self._write)
        elif self._writing and not waits:
            self._loop.remove_writer(self._end.fileno())
        self._writing = waits

    def read(self) -> None:
        """Take what has come, but at most 16 messages."""
        for _ in range(_PER_TURN):
            if not self._open:
                return
            try:
                octets, ancillary, flags, _ = self._end.recvmsg(
                    MOST, self._room, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                self._end_with("")  # the other end has closed before it read everything
                return
            descriptors = [
                one
                for _, _, data in ancillary
                for one in array.array("i", data[: len(data) - len(data) % 4])
            ]
            for surplus in descriptors[1:]:
                os.close(surplus)
            if not octets or flags & socket.MSG_TRUNC:
                for one in descriptors[:1]:
                    os.close(one)
                self._end_with("its message is too long" if octets else "")
                return
            self._received(octets, descriptors[0] if descriptors else -1)

    def _end_with(self, why: str) -> None:
        self.close()
        self._ended(why)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
