"""Tell the neighbours where an address is: gratuitous ARP and unsolicited Neighbor Advertisements.

Several frames leave at once and again some seconds later, as with keepalived. One more leaves from
time to time, because a neighbour that missed all of them would go on sending to the old master.
"""

from collections.abc import Callable, Collection
from ipaddress import IPv4Address
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address
from pyvrrp.packet.neighbours.gratuitous_arp import arp_probe, gratuitous_arp
from pyvrrp.packet.neighbours.neighbor_advertisement import (
    neighbor_solicitation_probe,
    unsolicited_neighbor_advertisement,
)
from pyvrrp.ports import Clock
from pyvrrp.runtime.addresses.announcement_queue import AnnouncementQueue
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

FRAMES_PER_TURN = 32  # sent at once; then the loop may handle advertisements
# A predecessor may answer for the addresses for 50 ms longer. A neighbour that asks then may learn
# its address after the first announcements.
PREDECESSOR_GONE = Nanoseconds(150 * MILLISECOND)
FIRST_LOOK_FOR_OTHERS = SECOND  # a master that yields needs a moment to remove the address
LOOK_FOR_OTHERS_EVERY = Nanoseconds(10 * SECOND)
MAC_PAUSE = Nanoseconds(
    100 * MILLISECOND
)  # an interface may get new hardware addresses all the time


class Wire(Protocol):
    """The interface that frames leave through."""

    def announce(self, frame: bytes) -> None:
        """Send one frame; raise KernelError if the kernel refuses."""

    def mac(self) -> bytes:
        """Return the hardware address that the virtual addresses are at."""


def announcement(address: Address, mac: bytes) -> bytes:
    """Return the frame that says *address* is at *mac*."""
    if isinstance(address, IPv4Address):
        return gratuitous_arp(address, mac)
    return unsolicited_neighbor_advertisement(address, mac)


def probe(address: Address, mac: bytes) -> bytes:
    """Return the frame that asks who else has *address* (RFC 5227 2.1.1, RFC 4862 5.4.2)."""
    if isinstance(address, IPv4Address):
        return arp_probe(address, mac)
    return neighbor_solicitation_probe(address, mac)


class Announcer:
    """The announcements of one virtual router while it is master.

    *addresses* are those at *wire*; None: all on the own interface. While *may_announce* says no,
    no frame leaves: another router may have the addresses by now.
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        clock: Clock,
        wire: Wire,
        journal: Journal,
        counters: Counters,
        may_announce: Callable[[], bool],
        addresses: Collection[Address] | None = None,
    ) -> None:
        self._config = config
        self._may_announce = may_announce
        self._policy = config.announce
        own = (address.ip for address in config.local_addresses)
        self._addresses = tuple(own if addresses is None else addresses)
        self._clock = clock
        self._wire = wire
        self._journal = journal
        self._counters = counters
        self._queue = AnnouncementQueue()
        self._frames: dict[Address, bytes] = {}  # the announcements that were made for _frames_mac
        self._frames_mac = b""
        self._next_at = Nanoseconds(0)  # when the gap after the last frame is over
        self._announced_mac = b""  # what the neighbours were told
        self._running = False
        self._pump_alarm = DeadlineTimer(clock, self._pump)
        self._once_more = DeadlineTimer(clock, self._predecessor_gone)
        self._again = DeadlineTimer(clock, self._second_burst)
        self._refresh = DeadlineTimer(clock, self._refreshed)
        self._look = DeadlineTimer(clock, self._look_for_others)
        self._moved = DeadlineTimer(clock, self._announce_mac)
        self._moved_at: Nanoseconds | None = None

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Announce what *config* says from now on; what is queued for other addresses is dropped.

        New addresses are announced when they are there.
        """
        self._config = config
        if config.announce != self._policy:
            self._policy = config.announce
            if self._running:
                self._schedule_refresh()
        addresses = tuple(address.ip for address in config.local_addresses)
        if addresses != self._addresses:
            self._addresses = addresses
            self._queue.keep(frozenset(addresses))
            self._frames.clear()

    def start(self, *, succeeds: bool = False) -> None:
        """Announce now, and again from time to time, until `stop`.

        *succeeds*: the predecessor is alive and has handed over to this router.
        """
        self._running = True
        self.announce_now(self._addresses)
        now = self._clock.now()
        if succeeds:
            self._once_more.set(Nanoseconds(now + PREDECESSOR_GONE))
        if self._policy.delay:
            self._again.set(Nanoseconds(now + self._policy.delay))
        self._schedule_refresh()
        self._look.set(Nanoseconds(now + FIRST_LOOK_FOR_OTHERS))

    def stop(self) -> None:
        """Stop announcing."""
        self._running = False
        self._queue.clear()
        first = (self._pump_alarm, self._once_more, self._again)
        for alarm in (*first, self._refresh, self._look, self._moved):
            alarm.set(None)

    def interface_changed(self) -> None:
        """Announce at once if the interface has another hardware address than was announced.

        More changes within 100 ms are announced together.
        """
        if not self._running or self._wire.mac() == self._announced_mac:
            return
        now = self._clock.now()
        if self._moved_at is None or now - self._moved_at >= MAC_PAUSE:
            self._announce_mac()
        else:
            self._moved.set(Nanoseconds(self._moved_at + MAC_PAUSE))

    def _announce_mac(self) -> None:
        mac, before = self._wire.mac(), self._announced_mac
        if mac == before:
            return
        self._moved_at = self._clock.now()
        self._journal.warn_rarely(
            "mac_changed",
            f"the hardware address of {self._config.id.place} has changed from {before.hex(':')} "
            f"to {mac.hex(':')}",
            virtual_router=self._config,
            fields={"mac": mac.hex(":")},
        )
        self.announce_now()
        if self._policy.delay:
            self._again.set(Nanoseconds(self._moved_at + self._policy.delay))

    def announce_now(self, addresses: Collection[Address] | None = None) -> None:
        """Announce *addresses* (None: all) now, as many times as configured."""
        if self._running and self._may_announce():
            here = self._addresses if addresses is None else addresses
            here = [address for address in here if address in self._addresses]
            if not here:
                return
            self._announce(here)
            self._journal.record(
                "announced",
                "addresses announced to the neighbours",
                virtual_router=self._config,
                fields={"count": self._policy.count},
            )

    def announce_again(self) -> None:
        """Announce all now, because a rival was heard: the log tells it once a minute at most."""
        if self._running and self._may_announce():
            self._announce(self._addresses)
            self._journal.tell_rarely(
                "announced",
                "addresses announced to the neighbours again, because of another master",
                virtual_router=self._config,
                fields={"count": self._policy.count},
            )

    def _announce(self, addresses: Collection[Address]) -> None:
        self._announced_mac = self._wire.mac()
        self._enqueue(addresses, self._policy.count)

    def _predecessor_gone(self) -> None:
        self._enqueue(self._addresses, 1)

    def _second_burst(self) -> None:
        self._enqueue(self._addresses, self._policy.count)

    def _refreshed(self) -> None:
        self._enqueue(self._addresses, 1)
        self._schedule_refresh()

    def _schedule_refresh(self) -> None:
        refresh = self._policy.refresh
        self._refresh.set(Nanoseconds(self._clock.now() + refresh) if refresh else None)

    def _look_for_others(self) -> None:
        self._queue.add(probe, self._addresses, 1)
        self._look.set(Nanoseconds(self._clock.now() + LOOK_FOR_OTHERS_EVERY))
        self._pump()

    def _enqueue(self, addresses: Collection[Address], rounds: int) -> None:
        if not self._may_announce():
            return
        self._queue.add(self._announcement, addresses, rounds)
        self._pump()

    def _announcement(self, address: Address, mac: bytes) -> bytes:
        if mac != self._frames_mac:
            self._frames.clear()
            self._frames_mac = mac
        if address not in self._frames:
            self._frames[address] = announcement(address, mac)
        return self._frames[address]

    def _pump(self) -> None:
        if not self._may_announce():
            self._queue.clear()
        now = self._clock.now()
        if now < self._next_at:
            self._pump_alarm.set(self._next_at)
            return
        turn = 1 if self._policy.gap else FRAMES_PER_TURN
        mac = self._wire.mac()  # as it is now: it may have changed since this was asked for
        for _ in range(turn):
            if not self._queue:
                return
            frame, address = self._queue.take()
            self._send(frame(address, mac))
        self._next_at = Nanoseconds(now + self._policy.gap)
        if self._queue:
            self._pump_alarm.set(self._next_at)

    def _send(self, frame: bytes) -> None:
        try:
            self._wire.announce(frame)
        except KernelError as error:
            self._counters.add("announcement_errors")
            self._journal.warn_rarely(
                "announcement_failed", str(error), virtual_router=self._config
            )
        else:
            self._counters.add("announcements_sent")
