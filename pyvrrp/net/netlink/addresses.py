"""Virtual addresses on interfaces: as leases, in batches, tagged as ours."""

import errno
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.system.interface_index import interface_index
from pyvrrp.net.system.kernel_error import refused, refused_with
from pyvrrp.net.system.kernel_thread import Worker
from pyvrrp.net.system.netns import entered
from pyvrrp.ports import Done
from pyvrrp.units import Nanoseconds

# That the address or its interface is not there is what a removal wants.
_ALREADY_GONE = frozenset({0, errno.EADDRNOTAVAIL, errno.ENODEV})

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

    An address that is already there gets the lifetime asked for and our tag, whoever put it there.
    """

    def __init__(self, worker: Worker, keeper: Keeper | None = None) -> None:
        self._worker = worker
        self._keeper = keeper

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
        with entered(place.netns):
            index = _index_of(place, wanted)
            if self._keeper is not None:
                self._keeper.hold(place.netns, index, _plain(wanted))
            requests = [
                codec.add_address(index, local, prefix, lifetime)
                for local, prefix in _plain(wanted)
            ]
            # The last thing before the kernel is asked: whatever lies between is not covered.
            if until is not None and time.clock_gettime_ns(time.CLOCK_BOOTTIME) >= until:
                raise KernelError(f"cannot add {wanted[0]} to {place}: it is too late for that")
            verdicts = _batch(place, requests)
            for address, (code, detail) in zip(wanted, verdicts, strict=True):
                if code:
                    raise refused_with(f"cannot add {address} to {place}", code, detail)
            _wait_until_usable(index, wanted)

    def _remove(self, place: Place, unwanted: Sequence[InterfaceAddress]) -> None:
        index = _remove_addresses(place, unwanted)
        if self._keeper is not None and index:
            self._keeper.release(place.netns, index, _plain(unwanted))


def _wait_until_usable(index: int, wanted: Sequence[InterfaceAddress]) -> None:
    """Return when the kernel takes packets for the last IPv6 address, or has no mind to.

    It confirms an IPv6 address before it has made the route to it, which a work queue does in
    order, a moment later (a millisecond or two on a busy machine). Neighbours that hear of the
    address meanwhile would send what nobody takes.
    """
    last = next((a.packed for a in reversed(wanted) if len(a.packed) == IPV6_OCTETS), None)
    if last is None:
        return
    give_up_at = time.monotonic() + _USABLE_WITHIN
    with suppress(OSError), codec.Netlink() as kernel:
        while not kernel.accepts(index, last) and time.monotonic() < give_up_at:
            time.sleep(_LOOK)


def _remove_addresses(place: Place, unwanted: Sequence[InterfaceAddress]) -> int:
    """Remove them and return the index of the interface, 0 if there is no such interface."""
    with entered(place.netns):
        try:
            index = interface_index(place.interface)
        except OSError:
            return 0
        requests = [codec.delete_address(index, *plain) for plain in _plain(unwanted)]
        verdicts = _batch(place, requests)
    for address, (code, detail) in zip(unwanted, verdicts, strict=True):
        if code not in _ALREADY_GONE:
            raise refused_with(f"cannot remove {address} from {place}", code, detail)
    return index


def _index_of(place: Place, wanted: Sequence[InterfaceAddress]) -> int:
    try:
        return interface_index(place.interface)
    except OSError as error:
        names = ", ".join(str(address) for address in wanted[:1]) or "addresses"
        raise refused(f"cannot add {names} to {place}", error) from error


def _batch(place: Place, requests: Sequence[bytes]) -> list[tuple[int, str]]:
    if not requests:
        return []
    try:
        with codec.Netlink() as kernel:
            return kernel.batch(requests)
    except OSError as error:
        raise refused(f"cannot change the addresses of {place}", error) from error


def _plain(addresses: Sequence[InterfaceAddress]) -> list[tuple[bytes, int]]:
    return [(address.packed, address.network.prefixlen) for address in addresses]
