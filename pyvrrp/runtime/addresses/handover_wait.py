"""How long a predecessor goes on answering: until its successor has announced the addresses.

The election gives it 50 ms. A successor that was asked to take over and was held up right after its
first advertisement needs longer, and until it has announced the neighbours still ask the
predecessor. A rival that has won is not waited for: it may have announced long ago.
"""

from pyvrrp.ports import Clock
from pyvrrp.units import MILLISECOND, Nanoseconds
from pyvrrp.virtual_router.states import Backup, State

LONGEST = Nanoseconds(450 * MILLISECOND)  # beyond the 50 ms, for one that is not heard
AFTERWARDS = Nanoseconds(20 * MILLISECOND)  # for what the neighbours have sent already


class Successor:
    """What is known of whoever takes over from this node in a handover."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._invited = False
        self._announced_at: Nanoseconds | None = None

    def invite(self) -> None:
        """A handover has begun: somebody is to take over."""
        self._invited = True
        self._announced_at = None

    def forget(self) -> None:
        """Nobody is to take over, or somebody has."""
        self._invited = False

    def announced(self) -> None:
        """Another host has told the neighbours that it has the addresses, or one of them."""
        if self._announced_at is None:
            self._announced_at = self._clock.now()

    def awaited_until(self, state: State, *, leaves: bool) -> Nanoseconds | None:
        """Return until when its announcement is waited for; None: not, or not any more.

        Whoever *leaves* has nothing else to do. A backup must not miss that it is its turn again.
        """
        if not self._invited or not isinstance(state, Backup) or state.holds_until is None:
            return None
        until = Nanoseconds(state.holds_until + LONGEST)
        if self._announced_at is not None:
            until = min(until, Nanoseconds(self._announced_at + AFTERWARDS))
        if not leaves:
            until = min(until, state.master_down_at)
        return until if max(self._clock.now(), state.holds_until) < until else None
