"""One netlink socket for each network namespace, which stays open between requests.

To enter a namespace and to open a socket takes longer than most requests.

A name is for people: `ip netns del` and `ip netns add` give it to another namespace, while the
earlier one lives on as long as a process is in it, with its addresses. So a namespace in which this
process has addresses is kept open, under its `Generation`, until they are gone.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from pyvrrp.errors import KernelError
from pyvrrp.namespace_path import namespace_path
from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.netns import inside, open_namespace

Generation: TypeAlias = tuple[int, int]  # different in another namespace of the same name
OWN: Generation = (0, 0)  # of the daemon's own namespace


@dataclass(slots=True)
class _OpenNamespace:
    netns: str
    generation: Generation
    descriptor: int  # -1: the daemon's own, which needs none
    kernel: Netlink | None = None

    def socket(self) -> Netlink:
        if self.kernel is None:
            if self.descriptor < 0:
                self.kernel = Netlink()
            else:
                with inside(self.descriptor, self.netns):
                    self.kernel = Netlink()
        return self.kernel

    def close_socket(self) -> None:
        if self.kernel is not None:
            self.kernel.close()
            self.kernel = None

    def close(self) -> None:
        self.close_socket()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class NamespaceSockets:
    """The sockets by the name of their namespace. Only the kernel thread may use them."""

    def __init__(self) -> None:
        # What this process has added and not removed: namespace, generation, index, address,
        # prefix.
        self.added: set[tuple[str, Generation, int, bytes, int]] = set()
        self._now: dict[str, _OpenNamespace] = {}  # by the names as they are now
        self._earlier: dict[
            tuple[str, Generation], _OpenNamespace
        ] = {}  # that have lost their name
        self._kept: set[tuple[str, Generation]] = set()

    @contextmanager
    def at(self, netns: str) -> Iterator[Netlink]:
        """Yield the socket in the namespace called *netns*, empty for the daemon's own.

        Raises KernelError if there is no such namespace, and OSError if the kernel gives no socket.
        After an OSError inside, the socket is closed, and the next request gets a new one.
        """
        with self._using(self._current(netns)) as kernel:
            yield kernel

    @contextmanager
    def of(self, netns: str, generation: Generation) -> Iterator[Netlink]:
        """Yield the socket in one namespace, which may have lost the name *netns*.

        Raises KernelError with ENOENT if it was not kept.
        """
        found = self._now.get(netns)
        if found is None or found.generation != generation:
            found = self._earlier.get((netns, generation))
        if found is None:
            raise KernelError(f"there is no network namespace {netns}", errno.ENOENT)
        with self._using(found) as kernel:
            yield kernel

    def generation(self, netns: str) -> Generation:
        """Return which namespace is called *netns* now; raise KernelError if there is none."""
        return self._current(netns).generation

    def keep(self, netns: str, generation: Generation) -> None:
        """Keep this namespace open even if it loses its name, until `let_go`."""
        self._kept.add((netns, generation))

    def let_go(self, netns: str, generation: Generation) -> None:
        """Close this namespace when it has no name any more."""
        self._kept.discard((netns, generation))
        earlier = self._earlier.pop((netns, generation), None)
        if earlier is not None:
            earlier.close()

    def close(self) -> None:
        """Close all sockets."""
        for namespace in (*self._now.values(), *self._earlier.values()):
            namespace.close()
        self._now.clear()
        self._earlier.clear()

    @contextmanager
    def _using(self, namespace: _OpenNamespace) -> Iterator[Netlink]:
        try:
            yield namespace.socket()
        except OSError:
            namespace.close_socket()
            raise

    def _current(self, netns: str) -> _OpenNamespace:
        known = self._now.get(netns)
        if known is not None and known.generation == _generation_of(netns):
            return known
        if known is not None:
            del self._now[netns]
            if (netns, known.generation) in self._kept:
                self._earlier[netns, known.generation] = known
            else:
                known.close()
        opened = self._now[netns] = _open(netns)
        return opened


def _open(netns: str) -> _OpenNamespace:
    if not netns:
        return _OpenNamespace(netns, OWN, -1)
    descriptor = open_namespace(netns)
    found = os.fstat(descriptor)
    return _OpenNamespace(netns, (found.st_dev, found.st_ino), descriptor)


def _generation_of(netns: str) -> Generation | None:
    if not netns:
        return OWN
    try:
        found = os.stat(namespace_path(netns))  # noqa: PTH116  - once for each request
    except OSError:
        return None  # there is none; opening it raises the error
    return found.st_dev, found.st_ino
