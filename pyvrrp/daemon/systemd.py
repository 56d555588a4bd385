"""Tell systemd how we are (sd_notify), if it wants to know."""

import contextlib
import os
import socket

from pyvrrp.units import MICROSECOND, Nanoseconds


def notify(state: str) -> None:
    """Send *state* (such as ``READY=1``) to the service manager; silently nothing without one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.sendto(state.encode(), address)


def watchdog_interval() -> Nanoseconds | None:
    """Return how often WATCHDOG=1 is due: half of WATCHDOG_USEC; None if it is not wanted."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return Nanoseconds(int(microseconds) * MICROSECOND // 2)
