"""Report the state of the daemon to systemd (sd_notify), if it asks for that."""

import contextlib
import os
import socket
import time

from pyvrrp.units import MICROSECOND, Nanoseconds


def notify(state: str) -> None:
    """Send *state* (such as ``READY=1``) to the service manager. Without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.sendto(state.encode(), address)


def notify_reloading() -> None:
    """Tell the service manager that a reload begins; ``READY=1`` ends it."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")


def watchdog_interval() -> Nanoseconds | None:
    """Return the interval of WATCHDOG=1, half of WATCHDOG_USEC; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return Nanoseconds(int(microseconds) * MICROSECOND // 2)
