"""One netlink socket for each network namespace, kept open between requests.

Entering a namespace and making a socket takes longer than most requests do.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.netns import entered, namespace_path


class NamespaceSockets:
    """The sockets by the name of their namespace. To be used in one thread: the kernel thread."""

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
        """Close all."""
        for netns in tuple(self._open):
            self._forget(netns)

    def _socket(self, netns: str) -> Netlink:
        there = _identity(netns)
        kernel, identity = self._open.get(netns, (None, there))
        if kernel is not None and identity == there:
            return kernel
        # A socket keeps its namespace alive, even when another one has got the name since.
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
    """Return what tells the namespace that has this name now from one that had it before."""
    if not netns:
        return 0, 0
    try:
        found = os.stat(namespace_path(netns))  # noqa: PTH116  - once for each request
    except OSError:
        return 0, 0  # there is none: entering it says so
    return found.st_dev, found.st_ino
