"""One packet that was accepted, as it is remembered for the next time that it arrives.

A master sends the same packet again and again. While a BACKUP hears nothing else, each of them only
moves its deadline. Then the interface notes how often and when the packet came, and nothing more is
done. The virtual router catches up when it is asked for its state, or when something else happens.
"""

from typing import Protocol

from pyvrrp.packet.reception import Accepted
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived


class PacketLink(Protocol):
    """The link on which a packet was accepted."""

    def receive(self, heard: "HeardPacket") -> None:
        """Hand it to the virtual router."""


class HeardPacket:
    """An accepted packet: its *link*, what was found in it, and what the election hears of it.

    ``only_moves_deadline``: its virtual router is content to know that it came ``times`` more
    times, last at ``at``.
    """

    __slots__ = ("accepted", "at", "event", "link", "only_moves_deadline", "times")

    def __init__(self, link: PacketLink, accepted: Accepted) -> None:
        advertisement = accepted.advertisement
        self.link = link
        self.accepted = accepted
        self.event = AdvertisementReceived(
            accepted.source, advertisement.priority, advertisement.interval
        )
        self.only_moves_deadline = False
        self.times = 0
        self.at = Nanoseconds(0)
