"""Add, renew and remove virtual addresses: with a lifetime, with our tag, many in one batch."""

import errno
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.netlink.operator_addresses import (
    OperatorAddresses,
    Plain,
    Surroundings,
    Where,
)
from pyvrrp.net.netlink.renewals import RenewalBatch, requests
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.kernel_error import refused, refused_with
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.ports import AddressLease, Done
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.rules.kernel_answers import KernelRequest, Meaning, meaning

IPV6_OCTETS = 16
_USABLE_WITHIN = 0.05  # seconds; an interface that is down makes no route
_LOOK = 0.0002


class AddressRecords(Protocol):
    """What the guardian knows of addresses. It must know of an address before that exists."""

    def hold(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Have these (packed address, prefix length) removed if the daemon dies."""

    def release(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        """Withdraw that: the addresses are gone."""


class KernelAddresses:
    """Implements `ports.Addresses`; the kernel thread carries out the requests in order.

    Other programs may hold the kernel's rtnl lock for tens of milliseconds, and a request for 250
    IPv6 addresses holds it for 12 ms. So the event loop must not even wait for a renewal.

    An interface is named when addresses are added. From then on they are known by the namespace and
    the index, whatever the interface is called later. An address of the operator (one without our
    tag) is neither changed nor removed: a request to add the same one is refused.
    """

    def __init__(
        self, thread: KernelThread, sockets: NamespaceSockets, records: AddressRecords | None = None
    ) -> None:
        self._thread = thread
        self._sockets = sockets
        self._records = records
        self._beside = OperatorAddresses(sockets)
        # What was added for each place, and where: the name may belong to another interface now.
        self._held: dict[Place, dict[Where, set[Plain]]] = {}
        self._renewals: dict[str, RenewalBatch] = {}  # the last of each network namespace

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
        shapes: Shapes = (),
    ) -> None:
        """Add *addresses* for *lifetime* seconds (0: for ever), all of them or an error."""
        wanted = tuple(addresses)
        asked_at = time.monotonic()
        given = (lifetime, shapes, until, asked_at)
        self._thread.submit(lambda: self._add(place, wanted, *given), done)

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Renew address leases of one network namespace, all in one request."""

        def answered(answers: Sequence[KernelError | None] | KernelError) -> None:
            # A single error: the kernel has not answered at all.
            done([answers] * len(leases) if isinstance(answers, KernelError) else answers)

        self._thread.submit(lambda: self._renew(netns, leases), answered)

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Remove *addresses*. An address that is already gone is no error."""
        unwanted = tuple(addresses)
        asked_at = time.monotonic()
        self._thread.submit(lambda: self._remove(place, unwanted, asked_at), done)

    def _add(
        self,
        place: Place,
        wanted: Sequence[InterfaceAddress],
        lifetime: int,
        shapes: Shapes,
        until: Nanoseconds | None,
        asked_at: float,
    ) -> None:
        what = f"cannot add {', '.join(map(str, wanted[:1])) or 'addresses'} to {place}"
        try:
            with self._sockets.at(place.netns) as kernel:
                index = kernel.interface_index(place.interface)
                where = (place.netns, self._sockets.generation(place.netns), index)
                _refuse_taken(self._beside.beside_ours(kernel, where, asked_at), place, wanted)
                self._tell_guardian(place, index, wanted)
                self._note(place, where, wanted)
                batch = Batch(requests(index, wanted, lifetime, shapes))
                # The last step before the request: a delay after it goes unnoticed.
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
        indices = {place: self._index_held_at(kernel, place) for place in places}
        if last is not None and same and last.indices == indices:
            return last
        batch = self._renewals[netns] = RenewalBatch(leases, indices)
        return batch

    def _index_held_at(self, kernel: Netlink, place: Place) -> int:
        """Return the index of the interface if its addresses were added there, 0 otherwise.

        An interface that was renamed, and another one that has its name now, get no renewal.
        """
        index = _index_or_none(kernel, place)
        generation = self._sockets.generation(place.netns)
        return index if (place.netns, generation, index) in self._held.get(place, {}) else 0

    def _remove(self, place: Place, unwanted: Sequence[InterfaceAddress], asked_at: float) -> None:
        # Where this process has added them, whatever the name of that interface is now.
        added_at = tuple(self._held.get(place, ()))
        for where in added_at:
            self._remove_at(place, where, unwanted, asked_at)
        # What an earlier process has left behind is on the interface that has the name.
        try:
            with self._sockets.at(place.netns) as kernel:
                index = _index_or_none(kernel, place)
            generation = self._sockets.generation(place.netns)
        except OSError as error:
            raise refused(f"cannot find {place}", error) from error
        except KernelError as error:
            if error.code == errno.ENOENT:
                return  # no namespace has that name: there is nothing that could be found by it
            raise
        named = (place.netns, generation, index)
        if index and named not in added_at:
            self._remove_at(place, named, unwanted, asked_at)

    def _remove_at(
        self, place: Place, where: Where, unwanted: Sequence[InterfaceAddress], asked_at: float
    ) -> None:
        netns, generation, index = where
        try:
            with self._sockets.of(netns, generation) as kernel:
                failures = self._failures(kernel, where, unwanted, asked_at)
        except OSError as error:
            if meaning(KernelRequest.REMOVE, error.errno or 0) is not Meaning.DONE:
                raise refused(f"cannot change the addresses of {place}", error) from error
            failures = {}
        for address, (code, detail) in failures.items():
            if meaning(KernelRequest.REMOVE, code) is not Meaning.DONE:
                raise refused_with(f"cannot remove {address} from {place}", code, detail)
        if self._records is not None:
            self._records.release(netns, index, _plain(unwanted))
        self._forget(place, where, unwanted)

    def _failures(
        self, kernel: Netlink, where: Where, unwanted: Sequence[InterfaceAddress], asked_at: float
    ) -> dict[InterfaceAddress, tuple[int, str]]:
        foreign = self._beside.beside_ours(kernel, where, asked_at).foreign
        plain = zip(unwanted, _plain(unwanted), strict=True)
        ours = [(address, one) for address, one in plain if one not in foreign]
        batch = Batch([codec.delete_address(where[2], *one) for _, one in ours])
        return {ours[number][0]: answer for number, answer in kernel.batch(batch).items()}

    def _note(self, place: Place, where: Where, added: Sequence[InterfaceAddress]) -> None:
        plain = _plain(added)
        self._held.setdefault(place, {}).setdefault(where, set()).update(plain)
        self._sockets.added.update((*where, *one) for one in plain)
        self._sockets.keep(*where[:2])

    def _forget(self, place: Place, where: Where, removed: Sequence[InterfaceAddress]) -> None:
        plain = _plain(removed)
        self._sockets.added.difference_update((*where, *one) for one in plain)
        held = self._held.get(place, {})
        if where in held:
            held[where].difference_update(plain)
            if not held[where]:
                del held[where]
        if not held:
            self._held.pop(place, None)
        if not any(one[:2] == where[:2] for places in self._held.values() for one in places):
            self._sockets.let_go(*where[:2])

    def _tell_guardian(self, place: Place, index: int, held: Sequence[InterfaceAddress]) -> None:
        if self._records is not None:
            self._records.hold(place.netns, index, _plain(held))


def _wait_until_usable(kernel: Netlink, index: int, wanted: Sequence[InterfaceAddress]) -> None:
    """Wait until the kernel delivers packets for the last IPv6 address, 50 ms at most.

    The kernel confirms an IPv6 address before it has made the route to it. A work queue makes the
    routes in order, one or two milliseconds later on a busy machine. Packets of neighbours that
    hear of the address before that would be lost.
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
        if meaning(KernelRequest.LOOK_UP, error.errno or 0) is not Meaning.DONE:
            raise
        return 0


def _refuse_taken(beside: Surroundings, place: Place, wanted: Sequence[InterfaceAddress]) -> None:
    for address in wanted:
        if address.packed in beside.hosts:
            what = (
                f"cannot add {address} to {place}: the operator has configured {address.ip} there"
            )
            raise KernelError(what, errno.EEXIST)


def _now() -> Nanoseconds:
    return Nanoseconds(time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def _plain(addresses: Sequence[InterfaceAddress]) -> list[tuple[bytes, int]]:
    return [(address.packed, address.network.prefixlen) for address in addresses]
