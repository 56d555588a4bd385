"""Memory that daemon and guardian share: a sign of life, and whether the guardian acts.

It also has a slot for each virtual router: until when a death is followed by a handover. The daemon
writes it with each advertisement, which through the pipe would wake the guardian each time.

Each side writes a word of its own and reads that of the other. The order of the steps makes sure
that one of the two notices: the daemon gives its sign before it looks whether the guardian acts;
the guardian says that it acts before it looks for the sign once more. The guardian imports this
module, so it must import little.
"""

import mmap
import struct
import time

_WORD = struct.Struct("=q")
_SIGN, _ACTING, _TIMES = 0, 64, 128  # each in a cache line of its own
_SLOTS_AT = 192
_SIZE = 1 << 16  # octets; the kernel gives memory only for the pages that are used
SLOTS = (_SIZE - _SLOTS_AT) // _WORD.size
_SECOND = 1_000_000_000


class SharedPage:
    """Made before the fork, and used on both sides of it."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _SIZE)  # shared, and without a file

    # The daemon's side.

    def give_sign_of_life(self) -> None:
        """Write down that the daemon runs now."""
        self._put(_SIGN, _now())

    @property
    def is_guardian_acting(self) -> bool:
        """Whether the guardian removes addresses and stops resources now."""
        return self._get(_ACTING) != 0

    @property
    def interventions(self) -> int:
        """How often the guardian has done that because signs of life were missing."""
        return self._get(_TIMES)

    def may_hand_over(self, slot: int, until: int) -> None:
        """Write until when the router of *slot* may be handed over; 0: it may not."""
        self._put(_SLOTS_AT + slot * _WORD.size, until)

    # The guardian's side.

    def handed_over_until(self, slot: int) -> int:
        """Return what was written last for *slot*, 0 at the beginning."""
        return self._get(_SLOTS_AT + slot * _WORD.size)

    def silence(self) -> float:
        """Return the seconds since the last sign of life; suspended time counts too."""
        return (_now() - self._get(_SIGN)) / _SECOND

    def begin_to_act(self) -> None:
        """Say that the guardian acts. The caller must look at `silence` again afterwards."""
        self._put(_ACTING, 1)

    def end_acting(self, *, acted: bool) -> None:
        """Say that the guardian does not act any more.

        *acted*: it has changed something, which the daemon has to know.
        """
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
