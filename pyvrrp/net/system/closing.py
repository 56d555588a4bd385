"""Close packet sockets without waiting for it.

The kernel ends the work of all processors on a packet socket before it closes it. That takes
15 ms for each, and when a switch module goes, a hundred interfaces are gone at once. No virtual
router may wait for that: a few threads close, and end when nothing is left to close.
"""

import os
import socket
import threading
from collections import deque

MOST_THREADS = 8  # their waits overlap, so many sockets take little longer than one


class Closer:
    """Closes sockets in threads of its own, in the order in which they came."""

    def __init__(self, most_threads: int = MOST_THREADS) -> None:
        self._most_threads = most_threads
        self._left: deque[int] = deque()
        self._threads = 0
        self._changed = threading.Condition()

    def close(self, sock: socket.socket) -> None:
        """Have *sock* closed soon. It cannot be used any more. A second call does nothing."""
        descriptor = sock.detach()
        if descriptor < 0:
            return
        with self._changed:
            self._left.append(descriptor)
            begin = self._threads < self._most_threads
            self._threads += begin
        if begin:
            self._begin()

    def finish(self, patience: float = 2.0) -> bool:
        """Return whether everything is closed within *patience* seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads and not self._left, patience)

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._work, name="pyvrrp-close", daemon=True).start()
        except RuntimeError:
            # There can be no more threads. Late is better than never.
            self._work()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._left:
                    self._threads -= 1
                    self._changed.notify_all()
                    return
                descriptor = self._left.popleft()
            os.close(descriptor)
