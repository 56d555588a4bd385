"""Renew the address leases of all virtual routers of a network namespace together.

Each address lease is renewed at least RENEWALS_PER_LEASE times in its length. Each network
namespace has one timer, with the shortest period that a lease in it needs. When it fires, each
virtual router whose lease would be overdue at the next time is asked whether it may still hold its
addresses. One request to the kernel renews the leases of all that may.
"""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.ports import Addresses, AddressLease, Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import SECOND, Nanoseconds

RENEWALS_PER_LEASE = 4


class LeaseHolder(Protocol):
    """The addresses of one virtual router while they are held with an address lease."""

    def lease_to_renew(self) -> AddressLease | None:
        """Return what to renew now; None if the addresses may not be held at this moment."""

    def renewal_answered(self, error: KernelError | None) -> None:
        """Take note that the kernel has renewed the lease, or has refused."""

    def renewal_is_slow(self) -> None:
        """Take note that the kernel has not answered a renewal within the budget."""


class LeaseRenewals:
    """All renewals of this process. *budget* is how long the kernel may take to answer."""

    def __init__(self, clock: Clock, addresses: Addresses, budget: Nanoseconds) -> None:
        self._clock = clock
        self._addresses = addresses
        self.budget = budget
        self._namespaces: dict[str, _Namespace] = {}

    def join(self, netns: str, lifetime: int, holder: LeaseHolder) -> None:
        """Renew the lease of *holder* from now on; the kernel has just confirmed it.

        *lifetime* is its length in seconds.
        """
        if netns not in self._namespaces:
            self._namespaces[netns] = _Namespace(netns, self._clock, self._addresses, self.budget)
        self._namespaces[netns].join(holder, Nanoseconds(lifetime * SECOND // RENEWALS_PER_LEASE))

    def leave(self, netns: str, holder: LeaseHolder) -> None:
        """Renew the lease of *holder* no more. If it has not joined, nothing happens."""
        if netns in self._namespaces:
            self._namespaces[netns].leave(holder)


class _Membership:
    """One holder: how often its lease is to be renewed, and when that was last asked for."""

    __slots__ = ("at", "holder", "period")

    def __init__(self, holder: LeaseHolder, period: Nanoseconds, at: Nanoseconds) -> None:
        self.holder = holder
        self.period = period
        self.at = at


class _Namespace:
    """The leases of one network namespace, and the one timer for all of them."""

    def __init__(self, netns: str, clock: Clock, addresses: Addresses, budget: Nanoseconds) -> None:
        self._netns = netns
        self._clock = clock
        self._addresses = addresses
        self._budget = budget
        self._members: dict[LeaseHolder, _Membership] = {}
        self._asked: Sequence[LeaseHolder] = ()  # the holders whose renewals are under way
        self._overdue = False  # the timer has fired meanwhile
        self._timer = DeadlineTimer(clock, self._fire)
        self._patience = DeadlineTimer(clock, self._too_slow)
        self._next: Nanoseconds | None = None

    def join(self, holder: LeaseHolder, period: Nanoseconds) -> None:
        now = self._clock.now()
        self._members[holder] = _Membership(holder, period, now)
        due = Nanoseconds(now + period)
        if self._next is None or due < self._next:
            self._fire_at(due)

    def leave(self, holder: LeaseHolder) -> None:
        self._members.pop(holder, None)
        if not self._members:
            self._fire_at(None)

    def _fire_at(self, when: Nanoseconds | None) -> None:
        self._next = when
        self._timer.set(when)

    def _fire(self) -> None:
        if not self._members:
            self._fire_at(None)
            return
        now = self._clock.now()
        after = Nanoseconds(now + min(member.period for member in self._members.values()))
        self._fire_at(after)
        if self._asked:
            # A second request would have to wait for the first one.
            self._overdue = True
            return
        self._renew(now, after)

    def _renew(self, now: Nanoseconds, after: Nanoseconds) -> None:
        leases: list[AddressLease] = []
        holders: list[LeaseHolder] = []
        for member in tuple(self._members.values()):
            if member.at + member.period >= after:
                continue  # the next time is soon enough
            lease = member.holder.lease_to_renew()
            if lease is not None:
                member.at = now
                leases.append(lease)
                holders.append(member.holder)
        if leases:
            self._asked = holders
            self._patience.set(Nanoseconds(now + self._budget))
            self._addresses.renew(self._netns, leases, partial(self._answered, holders))

    def _answered(
        self, holders: Sequence[LeaseHolder], errors: Sequence[KernelError | None]
    ) -> None:
        self._asked = ()
        self._patience.set(None)
        for holder, error in zip(holders, errors, strict=True):
            holder.renewal_answered(error)
        if self._overdue:
            self._overdue = False
            self._fire()

    def _too_slow(self) -> None:
        for holder in self._asked:
            holder.renewal_is_slow()
