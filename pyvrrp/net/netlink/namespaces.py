"""One netlink socket for each network namespace, which stays open between requests.

To enter a namespace and to open a socket takes longer than most requests.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.netns import entered, namespace_path


class NamespaceSockets:
    """The sockets by the name of their namespace. Only the kernel thread may use them."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Netlink, tuple[int, int]]] = {}

    @contextmanager
    def at(self, netns: str) -> Iterator[Netlink]:
        """Yield the socket in the namespace called *netns*, empty for the daemon's own.

        Raises KernelError if there is no such namespace, and OSError if the kernel gives no socket.
        After an OSError inside, the socket is closed, and the next request gets a new one.
        """
        kernel = self._socket(netns)
        try:
            yield kernel
        except OSError:
            self._forget(netns)
            raise

    def close(self) -> None:
        """Close all sockets."""
        for netns in tuple(self._open):
            self._forget(netns)

    def _socket(self, netns: str) -> Netlink:
        there = _identity(netns)
        kernel, identity = self._open.get(netns, (None, there))
        if kernel is not None and identity == there:
            return kernel
        # An open socket keeps its namespace alive, even if another one has its name now.
        self._forget(netns)
        with entered(netns):
            kernel = Netlink()
        self._open[netns] = (kernel, there)
        return kernel

    def _forget(self, netns: str) -> None:
        kernel, _ = self._open.pop(netns, (None, None))
        if kernel is not None:
            kernel.close()


def _identity(netns: str) -> tuple[int, int]:
    """Return what is different in another namespace that has the same name later."""
    if not netns:
        return 0, 0
    try:
        found = os.stat(namespace_path(netns))  # noqa: PTH116  - once for each request
    except OSError:
        return 0, 0  # there is none; entering it raises the error
    return found.st_dev, found.st_ino
