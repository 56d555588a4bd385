"""Flap damping: a fence that keeps closing stays closed longer each time."""

from dataclasses import dataclass

from pyvrrp.fencing.policy import HoldDown
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

# One nanosecond doubled 63 times is 292 years, so older closings can't make a difference.
_REMEMBERED = 64
_TENTH = 100 * MILLISECOND


@dataclass(frozen=True, slots=True)
class HoldDownState:
    """The closings of one fence that was open before, oldest first.

    A fence that has never been open has no closings, so its first opening waits for nothing.
    """

    closings: tuple[Nanoseconds, ...] = ()

    def closed(self, now: Nanoseconds) -> "HoldDownState":
        """Return the state after an open fence closed at *now*."""
        return HoldDownState((*self.closings, now)[-_REMEMBERED:])

    def may_open_at(self, policy: HoldDown, *, nobody_serves: bool) -> Nanoseconds | None:
        """Return the first instant at which the fence may open again; None: at any time.

        *nobody_serves* waives the hold-down: no advertisement was heard for two
        Master_Down_Intervals, so damping would protect nobody.
        """
        if not self.closings or nobody_serves:
            return None
        doubled = policy.initial << (self.in_a_row(policy) - 1)
        return Nanoseconds(self.closings[-1] + min(doubled, policy.ceiling))

    def may_open(self, now: Nanoseconds, policy: HoldDown, *, nobody_serves: bool) -> bool:
        """Tell whether the hold-down is over at *now*."""
        instant = self.may_open_at(policy, nobody_serves=nobody_serves)
        return instant is None or now >= instant

    def why(self, now: Nanoseconds, policy: HoldDown) -> str:
        """Return the reason for waiting: ``hold-down for another 3.2 s after 2 closings``."""
        opens_at = self.may_open_at(policy, nobody_serves=False)
        if opens_at is None or now >= opens_at:
            return "no hold-down"
        # Rounded up, so that nobody reads "another 0 s" while it still waits.
        left = -(-(opens_at - now) // _TENTH) * _TENTH
        count = self.in_a_row(policy)
        closings = "1 closing" if count == 1 else f"{count} closings"
        return f"hold-down for another {in_words(Nanoseconds(left))} after {closings}"

    def in_a_row(self, policy: HoldDown) -> int:
        """Return how many closings have followed each other, the last one included."""
        if not self.closings:
            return 0
        # Counted from closing to closing. A window that slides over all of them would forget the
        # early ones while the hold-down is long, and a flapping service would flap faster again.
        count = 1
        for earlier, later in zip(self.closings[-2::-1], self.closings[::-1], strict=False):
            if later - earlier > policy.window:
                break
            count += 1
        return count
