"""Enter a network namespace, which is given by a name, a path or a process."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.namespace_path import namespace_path

_CLONE_NEWNET = 0x40000000


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """Run the body in the network namespace *netns*; empty: in the one of the caller.

    Only the calling thread is there, so the body must not await. No other thread does the work:
    the event loop may have real-time priority and would wait for a thread that has none. Raise
    ProbeError if the namespace does not exist or cannot be entered.
    """
    if not netns:
        yield
        return
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        move_thread_to(netns)
        try:
            yield
        finally:
            _return_to(own)
    finally:
        os.close(own)


def move_thread_to(netns: str) -> None:
    """Move the calling thread into *netns* until it ends; empty: do nothing.

    Raise ProbeError if the namespace does not exist or cannot be entered.
    """
    if not netns:
        return
    try:
        namespace = os.open(namespace_path(netns), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProbeError(f"there is no network namespace {netns}") from error
    except OSError as error:
        raise ProbeError(f"cannot open network namespace {netns}: {in_words(error)}") from error
    try:
        _set_namespace(namespace)
    except OSError as error:
        raise ProbeError(f"cannot enter network namespace {netns}: {in_words(error)}") from error
    finally:
        os.close(namespace)


def _return_to(own: int) -> None:
    try:
        _set_namespace(own)
    except OSError as error:
        # The daemon would make all later sockets in the wrong namespace, so it must end.
        raise SystemExit(f"cannot return to the own network namespace: {error}") from error


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _set_namespace(descriptor: int) -> None:
    if _libc().setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
