"""Opens the sockets of one process."""

import errno
from collections.abc import Callable

from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, Place
from pyvrrp.ports import Claim, Sockets
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.simulator.world.network.sockets import (
    NetworkCard,
    SimulatedAdvertisementSocket,
    SimulatedAnnouncementSocket,
)


class ProcessSockets(Sockets):
    """The sockets port of one process."""

    def __init__(self, process: SimulatedProcess, cards: dict[Place, NetworkCard]) -> None:
        self._process = process
        self._cards = cards

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> SimulatedAdvertisementSocket:
        """Open one; simulated switches flood, so that group membership makes no difference."""
        del multicast, unicast
        socket = SimulatedAdvertisementSocket(self._process, self._card(place), receive)
        self._cards[place].advertisements[family] = socket
        return socket

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> SimulatedAnnouncementSocket:
        """Open one."""
        socket = SimulatedAnnouncementSocket(self._process, self._card(place), claimed)
        self._cards[place].announcements.append(socket)
        return socket

    def _card(self, place: Place) -> NetworkCard:
        card = self._cards.get(place)
        if card is None or not card.kernel.interfaces[place].exists:
            raise KernelError(f"cannot open a socket on {place}: No such device", errno.ENODEV)
        return card
