"""Looking from inside a network namespace, given by its name under /run/netns."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pyvrrp.clients.base.failure import ProbeError, in_words

_CLONE_NEWNET = 0x40000000


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """Run the body, which must not await, in *netns*; empty: where the caller is.

    Only the calling thread moves. It goes there itself: a helper thread would let the event loop,
    which may have real-time priority, wait for a thread that has none.
    """
    if not netns:
        yield
        return
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter_for_good(netns)
        try:
            yield
        finally:
            _come_back(own)
    finally:
        os.close(own)


def enter_for_good(netns: str) -> None:
    """Move the calling thread into *netns*; empty: stay. For threads that end soon."""
    if not netns:
        return
    try:
        there = os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ProbeError(f"there is no network namespace {netns}") from error
    except OSError as error:
        raise ProbeError(f"cannot open network namespace {netns}: {in_words(error)}") from error
    try:
        _set_namespace(there)
    except OSError as error:
        raise ProbeError(f"cannot enter network namespace {netns}: {in_words(error)}") from error
    finally:
        os.close(there)


def _come_back(own: int) -> None:
    try:
        _set_namespace(own)
    except OSError as error:
        # Every later socket of the daemon would be made in the wrong place: better no daemon.
        raise SystemExit(f"cannot return to the own network namespace: {error}") from error


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _set_namespace(descriptor: int) -> None:
    if _libc().setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
