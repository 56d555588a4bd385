"""Hands over the virtual routers of a dead daemon. The guardian imports this module.

It sends the advertisements of priority 0 that the daemon has prepared, and keeps the addresses
until the successor was heard and has announced. How long it waits is decided in
`pyvrrp.virtual_router.after_death`.
"""

import select
import socket
import time
from collections.abc import Iterable

from pyvrrp.net.guardian.borrowed_sockets import BorrowedSockets
from pyvrrp.net.guardian.handover_record import HandoverRecord
from pyvrrp.net.guardian.hearing import claimed_address, is_successor, vrid_of
from pyvrrp.net.guardian.records import Held
from pyvrrp.net.guardian.removal import remove
from pyvrrp.net.guardian.tell import tell
from pyvrrp.virtual_router.after_death import HandoverAfterDeath

_COPIES = 2  # the loss of a single advertisement would delay the takeover
_LONGEST_PACKET = 10_000
_PER_TURN = 64  # packets of one socket
_LOOK = 100  # ms; the clock of poll stands still while the machine is suspended
_NANOSECONDS = 1_000_000  # per millisecond


class _HandedOver:
    """One virtual router that is handed over."""

    def __init__(self, record: HandoverRecord, held: set[Held]) -> None:
        self.record = record
        self.held = held
        self.until = HandoverAfterDeath(boottime(), record.times)


class Handovers:
    """All handovers of one dead daemon."""

    def __init__(self, sockets: BorrowedSockets) -> None:
        self._sockets = sockets
        self.under_way: list[_HandedOver] = []

    def begin(self, records: Iterable[HandoverRecord], held: set[Held]) -> None:
        """Send priority 0 for each of *records*, and take its addresses out of *held*.

        A router without a socket to hear with, or for which nothing could be sent, is not handed
        over: its addresses stay in *held*.
        """
        for record in records:
            places = [(record.index, record.addresses), *record.further]
            mine = {
                one
                for one in held
                for index, addresses in places
                if one[:2] == (record.netns, index) and one[2] in addresses
            }
            hears = any(self._sockets.get(name) for name, _, _ in record.hears)
            if hears and self._send(record):
                held -= mine
                self.under_way.append(_HandedOver(record, mine))
        if self.under_way:
            names = ", ".join(one.record.router for one in self.under_way)
            tell(f"the daemon has ended: hands over {names}")

    def finish(self) -> None:
        """Wait for the successors and remove the addresses of each router when its time is over."""
        poll, listeners = select.poll(), self._listeners()
        for descriptor in listeners:
            poll.register(descriptor, select.POLLIN)
        while self.under_way:
            first = min(one.until.ends_at for one in self.under_way)
            wait = -((boottime() - first) // _NANOSECONDS)
            for descriptor, _ in poll.poll(min(max(wait, 0), _LOOK)):
                self._read(*listeners[descriptor])
            self._remove_those_that_are_over()

    def _listeners(self) -> dict[int, tuple[socket.socket, bool]]:
        """Return each socket to read, and whether it hears announcements."""
        names = {(name, False) for one in self.under_way for name, _, _ in one.record.hears}
        names |= {(one.record.claims, True) for one in self.under_way}
        found = [(self._sockets.get(name), announces) for name, announces in names]
        return {sock.fileno(): (sock, announces) for sock, announces in found if sock is not None}

    def _send(self, record: HandoverRecord) -> bool:
        sent = False
        for _ in range(_COPIES):
            for name, destination, packet in record.sends:
                sock = self._sockets.get(name)
                try:
                    sent |= sock is not None and sock.sendto(packet, destination) > 0
                except OSError:
                    continue  # that link is down; another one may do
        return sent

    def _read(self, sock: socket.socket, announces: bool) -> None:  # noqa: FBT001 - from a table
        for _ in range(_PER_TURN):
            try:
                packet = sock.recv(_LONGEST_PACKET)
            except OSError:
                return  # nothing is left; or the interface is down, which is reported once
            if announces:
                self._announced(packet)
            else:
                self._heard(sock, packet)

    def _heard(self, sock: socket.socket, packet: bytes) -> None:
        vrid = vrid_of(packet)
        for one in self.under_way:
            own = one.record.sends[0][2]
            if vrid_of(own) != vrid or one.until.heard:
                continue
            for name, peers, min_ttl in one.record.hears:
                if self._sockets.get(name) is sock and is_successor(packet, own, peers, min_ttl):
                    one.until.successor_heard(boottime())

    def _announced(self, frame: bytes) -> None:
        claim = claimed_address(frame)
        if claim is None:
            return
        address, mac = claim
        for one in self.under_way:
            if address in one.record.addresses and mac != one.record.mac:
                one.until.successor_announced(boottime())

    def _remove_those_that_are_over(self) -> None:
        now = boottime()
        over = [one for one in self.under_way if one.until.ends_at <= now]
        if not over:
            return
        remove({held for one in over for held in one.held})
        self.under_way = [one for one in self.under_way if one not in over]
        for one in over:
            how = "handed over" if one.until.heard else "nobody took over"
            tell(f"{one.record.router}: {how}, addresses removed")


def boottime() -> int:
    """Return the time in nanoseconds on the clock of the daemon."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
