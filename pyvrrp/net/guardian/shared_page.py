"""A page of memory that daemon and guardian share: a sign of life, and whether the guardian acts.

Each side writes its own word and reads the other's, in the order that lets one of them notice:
the daemon gives its sign before it looks whether the guardian acts, the guardian says that it
acts before it looks for the sign a last time. Lean: the guardian imports it too.
"""

import mmap
import struct
import time

_WORD = struct.Struct("=q")
_SIGN, _ACTING, _TIMES = 0, 64, 128  # each in a cache line of its own
_SECOND = 1_000_000_000


class Pulse:
    """Made before the fork, used on both sides of it."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)  # shared, and of no file

    # The daemon's side.

    def beat(self) -> None:
        """Give a sign of life."""
        self._put(_SIGN, _now())

    @property
    def is_guardian_acting(self) -> bool:
        """Whether the guardian is removing and stopping things now."""
        return self._get(_ACTING) != 0

    @property
    def interventions(self) -> int:
        """How often the guardian has done that."""
        return self._get(_TIMES)

    # The guardian's side.

    def silence(self) -> float:
        """Return how many seconds ago the last sign of life was; a machine asleep counts too."""
        return (_now() - self._get(_SIGN)) / _SECOND

    def begin_to_act(self) -> None:
        """Say so; look at `silence` once more afterwards."""
        self._put(_ACTING, 1)

    def end_acting(self, *, acted: bool) -> None:
        """Say so too; *acted*: the daemon must know that not everything is as it left it."""
        if acted:
            self._put(_TIMES, self._get(_TIMES) + 1)
        self._put(_ACTING, 0)

    def _get(self, where: int) -> int:
        found: int = _WORD.unpack_from(self._page, where)[0]
        return found

    def _put(self, where: int, value: int) -> None:
        _WORD.pack_into(self._page, where, value)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
