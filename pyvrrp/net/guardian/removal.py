"""Removes addresses, in several network namespaces. The guardian imports this module."""

import os

from pyvrrp.net.guardian.records import Held
from pyvrrp.net.guardian.tell import tell
from pyvrrp.net.netlink.codec import delete_address
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.libc import enter_network_namespace


def remove(held: set[Held]) -> None:
    """Remove these addresses."""
    # The daemon's own namespace, whose name is empty, comes first: it has no path to return by.
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if held else -1
    for netns in sorted({entry[0] for entry in held}):
        requests = [
            delete_address(index, local, prefix)
            for where, index, local, prefix in held
            if where == netns
        ]
        try:
            if netns:
                enter(netns)
            with Netlink() as kernel:
                kernel.batch(Batch(requests))
        except OSError:
            # The namespace is gone, and its addresses with it.
            continue
        finally:
            if netns:
                _come_back(own)
    if own >= 0:
        os.close(own)


def enter(netns: str) -> None:
    """Put this process into the network namespace of that name; raise OSError."""
    enter_network_namespace(os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_CLOEXEC))


def _come_back(own: int) -> None:
    try:
        enter_network_namespace(os.dup(own))
    except OSError as error:
        tell(f"cannot return to the own network namespace: {error.strerror}")
