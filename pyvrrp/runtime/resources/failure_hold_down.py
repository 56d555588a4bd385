"""The hold-down after a resource failed: this node does not run its resources for a while."""

from collections.abc import Callable

from pyvrrp.fencing.hold_down import HoldDownState
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import Nanoseconds, in_words


class FailureHoldDown:
    """A hold-down like that of the fence. *tell* gets the reason, and an empty one at the end.

    It is never waived. A start that fails does not succeed because no other node serves, and two
    nodes on which it fails would move the router between them all the time.
    """

    def __init__(self, policy: HoldDown, clock: Clock, tell: Callable[[str], None]) -> None:
        self._policy = policy
        self._clock = clock
        self._tell = tell
        self._damping = HoldDownState()
        self._why = ""
        self._hopeless = False
        self._is_settled = True
        self._over = DeadlineTimer(clock, self._forgive)

    def begin(self, why: str, *, hopeless: bool) -> None:
        """Stay away for *why*: until a restart if that is *hopeless*, else for the hold-down."""
        now = self._clock.now()
        self._damping = self._damping.closed(now)
        self._hopeless = hopeless
        self._is_settled = False
        ends = self._damping.may_open_at(self._policy, nobody_serves=False)
        length = in_words(Nanoseconds(0 if ends is None else ends - now))
        until = "until pyvrrp is restarted" if hopeless else f"for {length}"
        self._why = f"{why}; stays away {until}"
        self._tell(self._why)
        if not hopeless:
            self._over.set(ends)

    def all_stopped(self) -> None:
        """Note that all resources have stopped. The node may try again if the time is over too."""
        self._is_settled = True
        self._forgive()

    def _forgive(self) -> None:
        now = self._clock.now()
        waits = not self._damping.may_open(now, self._policy, nobody_serves=False)
        if not self._why or self._hopeless or waits or not self._is_settled:
            return
        self._why = ""
        self._tell("")
