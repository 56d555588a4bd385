"""Enter another network namespace for a moment.

A socket stays in the namespace in which it was opened, so only opening it needs this.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyvrrp.errors import KernelError
from pyvrrp.namespace_path import PID, namespace_path
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.libc import enter_network_namespace

_OWN = "/proc/thread-self/ns/net"


@contextmanager
def entered(netns: str) -> Iterator[None]:
    """Put the calling thread into the namespace called *netns*; an empty name changes nothing.

    The caller must not let an event loop run inside: each callback would run in that namespace.
    Raises KernelError if there is no such namespace or it may not be entered.
    """
    if not netns:
        yield
        return
    there = open_namespace(netns)
    try:
        with inside(there, netns):
            yield
    finally:
        os.close(there)


@contextmanager
def inside(there: int, netns: str) -> Iterator[None]:
    """Put the calling thread into the open namespace *there*, which was found as *netns*.

    The same holds as for `entered`.
    """
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(there, netns)
        try:
            yield
        finally:
            _enter(home, "the daemon's own")
    finally:
        os.close(home)


def namespace_number(netns: str) -> int:
    """Return the inode of the namespace, which another one of the same name does not have; 0: none.

    With an empty name it is the namespace of the calling thread.
    """
    try:
        found = os.stat(namespace_path(netns) if netns else _OWN)  # noqa: PTH116 - called often
    except OSError:
        return 0
    return found.st_ino


def open_namespace(netns: str) -> int:
    """Return a descriptor of the namespace called *netns*; raise KernelError."""
    if ("/" in netns and not netns.startswith("/")) or netns in {".", ".."}:
        raise KernelError(f"cannot enter network namespace {netns}: not a name")
    try:
        opened = os.open(namespace_path(netns), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise KernelError(f"there is no network namespace {netns}", error.errno or 0) from error
    except OSError as error:
        raise refused(f"cannot enter network namespace {netns}", error) from error
    if netns.startswith(PID) and os.fstat(opened).st_ino == namespace_number(""):
        # The kernel gives the number of a process that has ended to any other one, of the machine
        # too. Addresses must not go there.
        os.close(opened)
        raise KernelError(
            f"there is no network namespace {netns}: the process with that number is in the one of "
            "the daemon",
            errno.ENOENT,
        )
    return opened


def _enter(descriptor: int, netns: str) -> None:
    try:
        enter_network_namespace(descriptor)
    except OSError as error:
        raise refused(f"cannot enter network namespace {netns}", error) from error
