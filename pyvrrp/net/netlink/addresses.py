"""Virtual addresses on interfaces: with finite lifetimes, in batches, tagged as ours."""

import errno
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.netlink.renewals import RenewalBatch
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.kernel_error import refused, refused_with
from pyvrrp.net.system.kernel_thread import Worker
from pyvrrp.ports import AddressLease, Done
from pyvrrp.units import Nanoseconds

# That the address or its interface is not there is what a removal wants.
_ALREADY_GONE = frozenset({errno.EADDRNOTAVAIL, errno.ENODEV})

IPV6_OCTETS = 16
_USABLE_WITHIN = 0.05  # seconds; an interface that is down makes no route
_LOOK = 0.0002


class Keeper(Protocol):
    """Whoever removes addresses when the daemon dies; told before they exist."""

    def hold(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Remove these (packed address, prefix length) when the daemon dies."""

    def release(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Forget these: they are gone."""


class KernelAddresses:
    """Implements `ports.Addresses`; requests run in order, off the event loop.

    The kernel's rtnl lock may be held by others for tens of milliseconds, and 250 IPv6 addresses
    hold it for 12 ms themselves, so that even a renewal would be too long a wait for the loop.

    An address that is already there gets the lifetime asked for and our tag, whoever put it there.
    """

    def __init__(
        self, worker: Worker, sockets: NamespaceSockets, keeper: Keeper | None = None
    ) -> None:
        self._worker = worker
        self._sockets = sockets
        self._keeper = keeper
        self._renewals: dict[str, RenewalBatch] = {}  # the last of each network namespace

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
    ) -> None:
        """Have *addresses* there for *lifetime* more seconds (0: for ever), all or an error."""
        wanted = tuple(addresses)
        self._worker.submit(lambda: self._add(place, wanted, lifetime, until), done)

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Renew address leases of one network namespace, all in one request."""

        def answered(answers: Sequence[KernelError | None] | KernelError) -> None:
            # One error alone: the kernel has answered for none of them.
            done([answers] * len(leases) if isinstance(answers, KernelError) else answers)

        self._worker.submit(lambda: self._renew(netns, leases), answered)

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Have none of *addresses* there; one that is already gone is no error."""
        unwanted = tuple(addresses)
        self._worker.submit(lambda: self._remove(place, unwanted), done)

    def _add(
        self,
        place: Place,
        wanted: Sequence[InterfaceAddress],
        lifetime: int,
        until: Nanoseconds | None,
    ) -> None:
        what = f"cannot add {', '.join(map(str, wanted[:1])) or 'addresses'} to {place}"
        try:
            with self._sockets.at(place.netns) as kernel:
                index = kernel.interface_index(place.interface)
                self._tell_keeper(place, index, wanted)
                batch = Batch(
                    [
                        codec.add_address(index, local, prefix, lifetime)
                        for local, prefix in _plain(wanted)
                    ]
                )
                # The last thing before the kernel is asked: what lies between is not covered.
                if until is not None and _now() >= until:
                    raise KernelError(f"{what}: it is too late for that")
                for number, (code, detail) in kernel.batch(batch).items():
                    raise refused_with(f"cannot add {wanted[number]} to {place}", code, detail)
                _wait_until_usable(kernel, index, wanted)
        except OSError as error:
            raise refused(what, error) from error

    def _renew(self, netns: str, leases: Sequence[AddressLease]) -> Sequence[KernelError | None]:
        try:
            with self._sockets.at(netns) as kernel:
                return self._renewal_batch(netns, kernel, leases).carry_out(kernel, _now())
        except OSError as error:
            where = f" in {netns}" if netns else ""
            raise refused(f"cannot renew the address leases{where}", error) from error

    def _renewal_batch(
        self, netns: str, kernel: Netlink, leases: Sequence[AddressLease]
    ) -> RenewalBatch:
        last = self._renewals.get(netns)
        same = last is not None and last.leases == leases
        places = last.indices if last is not None and same else {one.place for one in leases}
        indices = {place: _index_or_none(kernel, place) for place in places}
        if last is not None and same and last.indices == indices:
            return last
        for lease in leases:
            if index := indices[lease.place]:
                # The interface may have been made anew since the addresses were added.
                self._tell_keeper(lease.place, index, lease.addresses)
        batch = self._renewals[netns] = RenewalBatch(leases, indices)
        return batch

    def _remove(self, place: Place, unwanted: Sequence[InterfaceAddress]) -> None:
        try:
            with self._sockets.at(place.netns) as kernel:
                index = _index_or_none(kernel, place)
                if not index:
                    return
                requests = [codec.delete_address(index, *plain) for plain in _plain(unwanted)]
                failures = kernel.batch(Batch(requests))
        except OSError as error:
            raise refused(f"cannot change the addresses of {place}", error) from error
        for number, (code, detail) in failures.items():
            if code not in _ALREADY_GONE:
                raise refused_with(f"cannot remove {unwanted[number]} from {place}", code, detail)
        if self._keeper is not None:
            self._keeper.release(place.netns, index, _plain(unwanted))

    def _tell_keeper(self, place: Place, index: int, held: Sequence[InterfaceAddress]) -> None:
        if self._keeper is not None:
            self._keeper.hold(place.netns, index, _plain(held))


def _wait_until_usable(kernel: Netlink, index: int, wanted: Sequence[InterfaceAddress]) -> None:
    """Return when the kernel takes packets for the last IPv6 address, or when it does not soon.

    It confirms an IPv6 address before it has made the route to it, which a work queue does in
    order, a moment later (a millisecond or two on a busy machine). Neighbours that hear of the
    address meanwhile would send what nobody takes.
    """
    last = next((a.packed for a in reversed(wanted) if len(a.packed) == IPV6_OCTETS), None)
    if last is None:
        return
    give_up_at = time.monotonic() + _USABLE_WITHIN
    while not kernel.accepts(index, last) and time.monotonic() < give_up_at:
        time.sleep(_LOOK)


def _index_or_none(kernel: Netlink, place: Place) -> int:
    """Return the index of the interface, 0 if there is no such interface."""
    try:
        return kernel.interface_index(place.interface)
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        return 0


def _now() -> Nanoseconds:
    return Nanoseconds(time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def _plain(addresses: Sequence[InterfaceAddress]) -> list[tuple[bytes, int]]:
    return [(address.packed, address.network.prefixlen) for address in addresses]
