"""Let advertisements of several virtual routers leave one interface at the same instant.

A wake-up of the process costs more than an advertisement. So when one router advertises, others of
the same interval whose turn comes within 2 % of the interval advertise with it, and from then on in
step with it. A router that advertises in step with nine others is left alone. The advertisements
arrive together too, so the other nodes are woken less often.
"""

from typing import Protocol

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import MAY_LEAVE_EARLY

ENOUGH = 10  # advertisements in one wake-up


class Sharer(Protocol):
    """A virtual router that is MASTER."""

    @property
    def adver_at(self) -> Nanoseconds | None:
        """When it advertises next; None: it is not MASTER."""

    def advertise_with(self, at: Nanoseconds) -> None:
        """Advertise now, in step with a router whose turn was *at*."""


class SharedWakeUps:
    """The virtual routers of one interface that are MASTER and advertise every *interval*."""

    def __init__(self, interval: Nanoseconds) -> None:
        self._interval = interval
        self._masters: list[Sharer] = []
        self._settled: set[int] = set()  # turns, as offsets in the interval, that none can join

    def join(self, router: Sharer) -> None:
        """Take note that *router* has become MASTER."""
        self._masters.append(router)
        self._settled.clear()

    def leave(self, router: Sharer) -> None:
        """Take note that *router* is MASTER no longer."""
        if router in self._masters:
            self._masters.remove(router)

    def advertised(self, at: Nanoseconds) -> None:
        """Have others advertise with a router whose turn was *at*, and that has advertised."""
        offset = at % self._interval
        if offset in self._settled:
            return
        in_step = 0
        near: list[tuple[Nanoseconds, int, Sharer]] = []
        for router in self._masters:
            due = router.adver_at
            if due is None:
                continue
            if (due - at) % self._interval == 0:
                in_step += 1
            elif 0 < due - at <= self._interval // MAY_LEAVE_EARLY:
                near.append((due, len(near), router))
        chosen = sorted(near)[: max(0, ENOUGH - in_step)]
        if not chosen:
            # New turns that nobody knows of would fill it without end.
            if len(self._settled) > len(self._masters):
                self._settled.clear()
            self._settled.add(offset)
        for _due, _number, router in chosen:
            router.advertise_with(at)
