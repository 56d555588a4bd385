"""The renewals of the address leases of one network namespace, as one batch of requests."""

import errno
from collections.abc import Mapping, Sequence

from pyvrrp.config.model.addresses import PLAIN, AddressShape, Shapes
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink.codec import add_address
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.kernel_error import refused_with
from pyvrrp.ports import AddressLease
from pyvrrp.units import Nanoseconds


class RenewalBatch:
    """The requests that renew *leases*, for this period and the following ones.

    *indices* has the index of each interface, or 0 if there is no interface of that name.
    """

    def __init__(self, leases: Sequence[AddressLease], indices: Mapping[Place, int]) -> None:
        self.leases = leases
        self.indices = indices
        # One for each request: the position of its lease, the address, the request itself.
        self._parts: list[tuple[int, InterfaceAddress, bytes]] = [
            (position, lease.addresses[number], request)
            for position, lease in enumerate(leases)
            if indices[lease.place]
            for number, request in enumerate(
                requests(indices[lease.place], lease.addresses, lease.lifetime, lease.shapes)
            )
        ]
        self._batch = _joined(self._parts)

    def carry_out(self, kernel: Netlink, now: Nanoseconds) -> list[KernelError | None]:
        """Renew the leases for which it is not too late at *now*; return an answer for each lease.

        Raises OSError if the kernel has not answered. Then the state of all leases is unknown.
        """
        answers = [self._obstacle(lease, now) for lease in self.leases]
        parts, batch = self._parts, self._batch
        if any(answers):
            parts = [part for part in parts if answers[part[0]] is None]
            batch = _joined(parts)
        for number, (code, detail) in kernel.batch(batch).items():
            position, address, _ = parts[number]
            if answers[position] is None:
                place = self.leases[position].place
                answers[position] = refused_with(f"cannot renew {address} on {place}", code, detail)
        return answers

    def _obstacle(self, lease: AddressLease, now: Nanoseconds) -> KernelError | None:
        late = lease.until is not None and now >= lease.until
        if self.indices[lease.place] and not late:
            return None
        what = f"cannot renew {lease.addresses[0]} on {lease.place}"
        if late:
            return KernelError(f"{what}: it is too late for that")
        return refused_with(what, errno.ENODEV)


def requests(
    index: int, addresses: Sequence[InterfaceAddress], lifetime: int, shapes: Shapes
) -> list[bytes]:
    """Return the requests that add or renew *addresses*, in their order."""
    if not shapes:
        return [add_address(index, a.packed, a.network.prefixlen, lifetime) for a in addresses]
    special = dict(shapes)
    return [_shaped(index, a, lifetime, special.get(a, PLAIN)) for a in addresses]


def _shaped(index: int, address: InterfaceAddress, lifetime: int, shape: AddressShape) -> bytes:
    return add_address(
        *(index, address.packed, address.network.prefixlen, lifetime),
        label=shape.label,
        scope=shape.scope,
        broadcast=shape.broadcast.packed if shape.broadcast else b"",
        prefix_route=shape.prefix_route,
    )


def _joined(parts: Sequence[tuple[int, InterfaceAddress, bytes]]) -> Batch:
    return Batch([request for _, _, request in parts])
