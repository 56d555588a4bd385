"""Which addresses of an interface are not ours, so that none of them is changed or removed.

An address is ours if it has our tag (IFA_PROTO). A kernel before 5.18 has no tags: there it is ours
if this process has added it, or if it has a finite lifetime, since ours have one by default.
"""

import time
from dataclasses import dataclass

from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.namespaces import Generation, NamespaceSockets
from pyvrrp.net.netlink.requests import Batch, Netlink

Plain = tuple[bytes, int]  # packed address, length of the prefix
Where = tuple[str, Generation, int]  # name and generation of the namespace, interface index


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands on an interface beside our addresses, and when that was read."""

    foreign: frozenset[Plain]
    hosts: frozenset[bytes]  # the packed addresses of *foreign*, whatever their prefix
    at: float


class OperatorAddresses:
    """Looks at interfaces for addresses that are not ours. Only the kernel thread may use it."""

    def __init__(self, sockets: NamespaceSockets) -> None:
        self._sockets = sockets
        self._known: dict[Where, Surroundings] = {}

    def beside_ours(self, kernel: Netlink, where: Where, asked_at: float) -> Surroundings:
        """Return the addresses that are not ours; raise OSError (ENODEV: no such interface).

        *asked_at* is when the request was made. What was read since then serves for it: many
        virtual routers ask at the same moment. IPv4 addresses of the operator are kept from being
        removed together with one of ours in the same network: the interface promotes them.
        """
        known = self._known.get(where)
        if known is not None and known.at >= asked_at:
            return known
        looked_at = time.monotonic()
        self._known.clear()
        index = where[2]
        ((_, link),) = kernel.ask(codec.get_link_at(index))
        if not codec.promotes_secondaries(link):
            # A refusal costs a warning at the most: the addresses can still be added and removed.
            kernel.batch(Batch([codec.promote_secondaries(index)]))
        foreign = frozenset(plain for plain, ours in self._listed(kernel, where) if not ours)
        hosts = frozenset(packed for packed, _ in foreign)
        found = self._known[where] = Surroundings(foreign, hosts, looked_at)
        return found

    def _listed(self, kernel: Netlink, where: Where) -> list[tuple[Plain, bool]]:
        return [(one.plain, self._is_ours(where, one)) for one in kernel.addresses(where[2])]

    def _is_ours(self, where: Where, address: codec.ListedAddress) -> bool:
        return is_ours(address, added=(*where, *address.plain) in self._sockets.added)


def is_ours(address: codec.ListedAddress, *, added: bool) -> bool:
    """Return whether an address is ours; *added*: this process has added it."""
    if codec.HAS_TAGS:
        return address.protocol == codec.OUR_PROTOCOL
    return added or not address.flags & codec.IFA_F_PERMANENT
