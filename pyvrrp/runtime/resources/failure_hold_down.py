"""Why this node does not run its resources for a while: what failed, and how long it stays away."""

from collections.abc import Callable

from pyvrrp.fencing.hold_down import HoldDownState
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import Nanoseconds, in_words


class FailureHoldDown:
    """Damps failures like the fence does; *tell* hears the reason, then an empty one.

    Nothing waives this hold-down: that nobody else serves does not mend a start that fails, and
    two nodes that both fail would else hand it to and fro as fast as they can.
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
        """Everything has stopped: if the time is over too, the node may try again."""
        self._is_settled = True
        self._forgive()

    def _forgive(self) -> None:
        now = self._clock.now()
        waits = not self._damping.may_open(now, self._policy, nobody_serves=False)
        if not self._why or self._hopeless or waits or not self._is_settled:
            return
        self._why = ""
        self._tell("")
