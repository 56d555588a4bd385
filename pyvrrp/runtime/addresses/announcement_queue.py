"""What is still to be announced: an address is in it once, however often it is announced anew.

So the queue never has more entries than there are addresses. While a rival makes a master announce
faster than the configured gap allows, every address still has its turn.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from pyvrrp.identity import Address

Frame: TypeAlias = Callable[[Address, bytes], bytes]  # of an address and a hardware address


class AnnouncementQueue:
    """Addresses in turn, each with the number of rounds that are left for it."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[Frame, Address], int] = {}  # the next one first

    def __len__(self) -> int:
        return len(self._rounds)

    def add(self, frame: Frame, addresses: Collection[Address], rounds: int) -> None:
        """Have a frame sent for each of *addresses* in each of *rounds*.

        What was asked for earlier keeps its turn and is not sent more often than that.
        """
        for address in addresses:
            left = self._rounds.get((frame, address), 0)
            self._rounds[frame, address] = max(left, rounds)

    def take(self) -> tuple[Frame, Address]:
        """Return what is to be sent next; the queue must not be empty."""
        following = next(iter(self._rounds))
        left = self._rounds.pop(following) - 1
        if left:
            self._rounds[following] = left  # behind all others, so a round ends before the next
        return following

    def keep(self, addresses: Collection[Address]) -> None:
        """Forget all that is not for one of *addresses*."""
        self._rounds = {key: left for key, left in self._rounds.items() if key[1] in addresses}

    def clear(self) -> None:
        """Forget all."""
        self._rounds.clear()
