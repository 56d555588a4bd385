"""The neighbours on one interface: asks them who has an address, and sends announcements."""

from collections.abc import Callable
from contextlib import suppress

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Place
from pyvrrp.ports import AnnouncementSocket, Claim, InterfaceState, Ports
from pyvrrp.runtime.addresses.announcer import probe
from pyvrrp.runtime.addresses.neighbour_query import Answer, NeighbourQuery
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

PATIENCE = Nanoseconds(150 * MILLISECOND)  # after each question
REOPEN_AFTER = SECOND


class AddressNeighbours:
    """Has the announcement socket of one interface, and watches claims of one address."""

    def __init__(
        self,
        place: Place,
        address: Address,
        ports: Ports,
        journal: Journal,
        claimed: Callable[[Claim], None],
    ) -> None:
        self._place = place
        self._address = address
        self._ports = ports
        self._journal = journal
        self._claimed = claimed
        self._state = InterfaceState()
        self._socket: AnnouncementSocket | None = None
        self._opened_for = 0  # interface index; 0: nothing is open
        self._query = NeighbourQuery(ports.clock, self, PATIENCE)
        self._reopen = DeadlineTimer(ports.clock, self._open)

    @property
    def reachable(self) -> bool:
        """Whether frames can be sent and answers heard."""
        return self._socket is not None and self._state.arp

    def interface_changed(self, state: InterfaceState) -> None:
        """Open or close the socket: the interface may be gone, or a new one may have its name."""
        self._state = state
        if not state.exists or state.index != self._opened_for:
            self._close()
        if state.exists and self._socket is None:
            self._open()

    def ask(self, answered: Callable[[Answer], None]) -> None:
        """Ask three times within about 450 ms; *answered* is called once, unless cancelled."""
        self._query.ask((self._address,), answered)

    def ask_once(self) -> None:
        """Ask once. An answer is reported as a claim."""
        with suppress(KernelError):  # the announcements that failed before it were reported
            self.announce(probe(self._address, self._state.mac))

    def cancel(self) -> None:
        """Cancel the query."""
        self._query.cancel()

    def stop(self) -> None:
        """Cancel the query and close the socket."""
        self.cancel()
        self._close()

    def announce(self, frame: bytes) -> None:
        """Send one frame to the neighbours; raise KernelError if that is not possible."""
        if self._socket is None:
            raise KernelError(f"cannot announce on {self._place}: no such interface")
        if self._state.arp:
            self._socket.send(frame)

    def mac(self) -> bytes:
        """Return the interface's hardware address."""
        return self._state.mac

    def _heard(self, claim: Claim) -> None:
        if not self._query.heard(claim):
            self._claimed(claim)

    def _open(self) -> None:
        try:
            self._socket = self._ports.sockets.open_announcements(self._place, self._heard)
            self._socket.watch(frozenset({self._address}))
        except KernelError as error:
            self._close()
            self._journal.warn_rarely("sockets_refused", str(error), topic=str(self._place))
            self._reopen.set(Nanoseconds(self._ports.clock.now() + REOPEN_AFTER))
        else:
            self._opened_for = self._state.index

    def _close(self) -> None:
        self._opened_for = 0
        self._reopen.set(None)
        if self._socket is not None:
            self._socket.close()
            self._socket = None
