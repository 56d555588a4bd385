"""Removes addresses, in several network namespaces. The guardian imports this module."""

import os

from pyvrrp.namespace_path import namespace_path
from pyvrrp.net.guardian.records import Held
from pyvrrp.net.guardian.tell import tell
from pyvrrp.net.netlink.codec import (
    HAS_TAGS,
    OUR_PROTOCOL,
    ListedAddress,
    delete_address,
    promote_secondaries,
)
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.libc import enter_network_namespace


def remove(held: set[Held]) -> None:
    """Remove these addresses, except those that have become the operator's meanwhile."""
    # The daemon's own namespace, whose name is empty, comes first: it has no path to return by.
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if held else -1
    for netns in sorted({entry[0] for entry in held}):
        there = [entry[1:] for entry in held if entry[0] == netns]
        try:
            if netns:
                enter(netns)
            with Netlink() as kernel:
                _remove_here(kernel, there)
        except OSError:
            # The namespace is gone, and its addresses with it.
            continue
        finally:
            if netns:
                _come_back(own)
    if own >= 0:
        os.close(own)


def _remove_here(kernel: Netlink, held: list[tuple[int, bytes, int]]) -> None:
    indices = {index for index, _, _ in held}
    requests = [promote_secondaries(index) for index in indices]
    foreign = {
        (index, *one.plain)
        for index in indices
        for one in _listed(kernel, index)
        if HAS_TAGS and one.protocol != OUR_PROTOCOL
    }
    requests += [delete_address(*entry) for entry in held if entry not in foreign]
    kernel.batch(Batch(requests))


def _listed(kernel: Netlink, index: int) -> list[ListedAddress]:
    try:
        return kernel.addresses(index)
    except OSError:
        # The interface is gone, or changes too fast. What was recorded was ours.
        return []


def enter(netns: str) -> None:
    """Put this process into the network namespace of that name; raise OSError."""
    enter_network_namespace(os.open(namespace_path(netns), os.O_RDONLY | os.O_CLOEXEC))


def _come_back(own: int) -> None:
    try:
        enter_network_namespace(os.dup(own))
    except OSError as error:
        tell(f"cannot return to the own network namespace: {error.strerror}")
