"""The hold-down: a fence that closes again and again stays closed longer each time."""

from dataclasses import dataclass

from pyvrrp.fencing.policy import HoldDown
from pyvrrp.units import Nanoseconds

# One nanosecond doubled 63 times is 292 years, so closings before these 64 change nothing.
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class HoldDownState:
    """When one fence closed, the oldest instant first.

    A fence that was never open has no closings, so there is no hold-down before its first opening.
    """

    closings: tuple[Nanoseconds, ...] = ()

    def closed(self, now: Nanoseconds) -> "HoldDownState":
        """Return the state after the open fence closed at *now*."""
        return HoldDownState((*self.closings, now)[-_REMEMBERED:])

    def may_open_at(self, policy: HoldDown, *, nobody_serves: bool) -> Nanoseconds | None:
        """Return the first instant at which the fence may open again. None: it may open now.

        *nobody_serves* is true if no advertisement was received for two Master_Down_Intervals.
        Then there is no hold-down: a service that flaps is better than none.
        """
        if not self.closings or nobody_serves:
            return None
        doubled = policy.initial << (self.closings_in_a_row(policy) - 1)
        return Nanoseconds(self.closings[-1] + min(doubled, policy.ceiling))

    def may_open(self, now: Nanoseconds, policy: HoldDown, *, nobody_serves: bool) -> bool:
        """Return whether the hold-down is over at *now*, or was not needed."""
        instant = self.may_open_at(policy, nobody_serves=nobody_serves)
        return instant is None or now >= instant

    def closings_in_a_row(self, policy: HoldDown) -> int:
        """Return the number of closings of which each came at most a window after the one before.

        The last closing counts, so the result is 0 only if there are none.
        """
        if not self.closings:
            return 0
        # The window is compared with each gap. If it covered a fixed time before the last closing,
        # early closings would not count after a long hold-down, and the hold-down would get short
        # again although the service still flaps.
        count = 1
        for earlier, later in zip(self.closings[-2::-1], self.closings[::-1], strict=False):
            if later - earlier > policy.window:
                break
            count += 1
        return count
