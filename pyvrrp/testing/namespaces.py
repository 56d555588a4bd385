"""Act in another network namespace without moving the process there."""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.ownership import NAMESPACE_DIRECTORY

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_T = TypeVar("_T")


def inside(namespace: str, action: Callable[[], _T]) -> _T:
    """Return what *action* returns when it runs in *namespace* (empty: the caller's own).

    Only a short-lived thread goes there. A socket stays in the namespace it was made in.
    """
    if not namespace:
        return action()
    done: list[_T] = []
    failed: list[OSError] = []

    def enter_and_act() -> None:
        try:
            _enter(namespace)
            done.append(action())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter_and_act, name=f"inside {namespace}")
    thread.start()
    thread.join()
    if failed:
        raise BenchError(f"network namespace {namespace}: {failed[0]}")
    return done[0]


def set_parameters(parameters: Mapping[str, int]) -> None:
    """Set kernel parameters of the caller's namespace, named as below `/proc/sys/net`."""
    for name, value in parameters.items():
        (Path("/proc/sys/net") / name).write_text(str(value), encoding="ascii")


def set_up(control: socket.socket, interface: str, *, up: bool) -> None:
    """Take an interface up or down where *control* was made: at once, without another program."""
    request = struct.Struct("16sh22x")
    name = interface.encode()
    try:
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, request.pack(name, 0))
        flags = request.unpack(answer)[1]
        flags = flags | _IFF_UP if up else flags & ~_IFF_UP
        fcntl.ioctl(control, _SIOCSIFFLAGS, request.pack(name, flags))
    except OSError as error:
        raise BenchError(f"{interface}: {error}") from error


def _enter(namespace: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(NAMESPACE_DIRECTORY / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
