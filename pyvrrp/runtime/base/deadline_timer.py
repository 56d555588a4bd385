"""One deadline that may move: moved later it costs nothing, as it looks again when it fires."""

from collections.abc import Callable

from pyvrrp.ports import Clock, Handle
from pyvrrp.units import MILLISECOND, Nanoseconds

TOGETHER = Nanoseconds(50 * MILLISECOND)  # deadlines that move are looked at this often


class DeadlineTimer:
    """Calls *ring* once when the deadline last set has come."""

    __slots__ = ("_armed_for", "_clock", "_deadline", "_handle", "_ring")

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._deadline: Nanoseconds | None = None
        self._armed_for: Nanoseconds | None = None
        self._handle: Handle | None = None

    def set(self, deadline: Nanoseconds | None) -> None:
        """Ring at *deadline*, or never; replaces what was set before."""
        self._deadline = deadline
        if deadline is None:
            return
        if self._armed_for is not None and self._armed_for <= deadline:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._arm(deadline)

    def ring_before(self, deadline: Nanoseconds) -> None:
        """Ring shortly before *deadline*, at an instant that all such timers have in common.

        For a deadline that has moved and will most likely move again: many are looked at in one
        wake-up. Less than 50 ms before it, the instant is *deadline* itself.
        """
        instant = Nanoseconds(deadline - deadline % TOGETHER)
        self.set(instant if instant > self._clock.now() else deadline)

    def _arm(self, deadline: Nanoseconds) -> None:
        self._armed_for = deadline
        self._handle = self._clock.call_at(deadline, self._fire)

    def _fire(self) -> None:
        self._armed_for = None
        self._handle = None
        deadline = self._deadline
        if deadline is None:
            return
        if self._clock.now() < deadline:
            self._arm(deadline)
            return
        self._deadline = None
        self._ring()
