"""The neighbours on one interface: asks them who has an address, and sends announcements."""

from collections.abc import Callable
from contextlib import suppress

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Place
from pyvrrp.ports import AnnouncementSocket, Claim, InterfaceState, Ports
from pyvrrp.runtime.addresses.announcer import probe
from pyvrrp.runtime.addresses.neighbour_query import Answer, NeighbourQuery
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.kept_socket import KeptSocket
from pyvrrp.units import MILLISECOND, Nanoseconds

PATIENCE = Nanoseconds(150 * MILLISECOND)  # after each question


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
        self._kept: KeptSocket[AnnouncementSocket] = KeptSocket(
            ports.clock, self._open, self._report_refusal
        )
        self._query = NeighbourQuery(ports.clock, self, PATIENCE)

    @property
    def reachable(self) -> bool:
        """Whether frames can be sent and answers heard."""
        return self._kept.socket is not None and self._state.arp

    def interface_changed(self, state: InterfaceState) -> None:
        """Open or close the socket: the interface may be gone, or a new one may have its name."""
        self._state = state
        if state.exists:
            self._kept.open_for(state.device, (state.up, state.mtu))
            self._report_refusal()
        else:
            self._kept.close()

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
        self._kept.close()

    def announce(self, frame: bytes) -> None:
        """Send one frame to the neighbours; raise KernelError if that is not possible."""
        socket = self._kept.socket
        if socket is None:
            why = self._kept.refusal or "no such interface"
            raise KernelError(f"cannot announce on {self._place}: {why}")
        if self._state.arp:
            socket.send(frame)

    def mac(self) -> bytes:
        """Return the interface's hardware address."""
        return self._state.mac

    def _heard(self, claim: Claim) -> None:
        if not self._query.heard(claim):
            self._claimed(claim)

    def _open(self) -> AnnouncementSocket:
        socket = self._ports.sockets.open_announcements(self._place, self._heard)
        try:
            socket.watch(frozenset({self._address}))
        except KernelError:
            socket.close()
            raise
        return socket

    def _report_refusal(self) -> None:
        if self._kept.refusal:
            topic = str(self._place)
            self._journal.warn_rarely("sockets_refused", self._kept.refusal, topic=topic)
