"""The fence of one virtual router over time: all its checks, its hold-down, and claims."""

from collections.abc import Mapping, Sequence

from pyvrrp.fencing.fence import FenceState, fence_state
from pyvrrp.fencing.hold_down import HoldDownState
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds, in_words, to_milliseconds
from pyvrrp.virtual_router.rules.admission import FENCE

SILENCE_THAT_WAIVES = 2  # Master_Down_Intervals without an advertisement: no other router serves


class Fence(BaseConcern):
    """Lets its virtual router take part while its checks pass.

    *runners* are the checks that close it. A claim waits until all their passes are fresh.
    """

    name = FENCE

    def __init__(
        self,
        router: RouterControl,
        runners: Sequence[CheckRunner],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self.reason = ""  # why it is closed
        self._router = router
        self._runners = tuple(runners)
        self._clock = clock
        self._journal = journal
        self._damping = HoldDownState()
        self._open = False
        self._look_again = DeadlineTimer(clock, self._evaluate)

    @property
    def is_open(self) -> bool:
        """Whether the fence lets its virtual router take part, hold-down included."""
        return self._open

    @property
    def closings(self) -> int:
        """How many closings in a row the hold-down counts; 0: the fence has never closed."""
        return self._damping.closings_in_a_row(self._router.config.hold_down)

    @property
    def held_down_for(self) -> Nanoseconds:
        """How long the hold-down still keeps the fence closed; 0 if the checks keep it closed."""
        if self._open or not self._judge().is_open:
            return Nanoseconds(0)
        return Nanoseconds(max(0, self._hold_down_ends() - self._clock.now()))

    @property
    def has_failed(self) -> bool:
        """Whether a check has failed, and not only has too few results yet."""
        now = self._clock.now()
        return any(runner.verdict.has_failed(now, runner.config.policy) for runner in self._runners)

    def start(self) -> None:
        """Judge now, and after each result of a check. Without checks the fence is open."""
        for runner in self._runners:
            runner.listen(self._evaluate)
        self._evaluate()

    def use(self, runners: Sequence[CheckRunner]) -> None:
        """Judge by *runners* from now on."""
        self.stop()
        self._runners = tuple(runners)
        self.start()

    def stop(self) -> None:
        """Judge no more."""
        for runner in self._runners:
            runner.unlisten(self._evaluate)
        self._look_again.set(None)

    def look_at_clock(self) -> None:
        """Take note of checks that have become silent."""
        for runner in self._runners:
            runner.look_at_clock()

    def claim_due(self) -> None:
        """Probe at once with every check whose last pass is too old for a claim."""
        stale = self._judge().stale
        for runner in self._runners:
            if runner.config.name in stale and not self._router.is_last_resort:
                runner.probe_now()

    def may_claim(self) -> str | None:
        """Return None if all passes are fresh, or if the router is the last resort."""
        state = self._judge()
        if self._router.is_last_resort or (state.is_open and state.is_fresh):
            return None
        return "a fresh pass of its checks"

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:
        """Return whether it is open, how long the hold-down lasts, and its checks."""
        return {
            "fence": {
                "open": self.is_open,
                "closings": self.closings,
                "held_down_ms": to_milliseconds(self.held_down_for),
            },
            "checks": [runner.status(now, None) for runner in self._runners],
        }

    def _judge(self) -> FenceState:
        verdicts = {runner.config.name: runner.verdict for runner in self._runners}
        policies = {runner.config.name: runner.config.policy for runner in self._runners}
        return fence_state(verdicts, policies, self._clock.now())

    def _evaluate(self) -> None:
        state = self._judge()
        if state.is_open and (self._open or self._may_open()):
            self._set(is_open=True, why="")
            self._look_again.set(state.closes_at)
            if state.is_fresh:
                self._router.retry_claim()
            return
        if state.is_open:
            self._set(is_open=False, why=self._hold_down_reason())
            self._look_again.set(self._hold_down_ends())
            return
        self._set(is_open=False, why=state.reason)

    def _set(self, *, is_open: bool, why: str) -> None:
        self.reason = why
        if is_open is not self._open:
            self._open = is_open
            if not is_open:
                self._damping = self._damping.closed(self._clock.now())
            self._journal.record(
                "fence",
                "the fence is open" if is_open else why,
                level=Level.INFO if is_open else Level.WARNING,
                virtual_router=self._router.config,
                fields={"open": is_open, "reason": why},
            )
        self._router.obstacle(self, why)

    def _may_open(self) -> bool:
        policy = self._router.config.hold_down
        now = self._clock.now()
        return self._damping.may_open(now, policy, nobody_serves=now >= self._waived_at())

    def _waived_at(self) -> Nanoseconds:
        life_at = self._router.last_life_at
        if life_at is None:
            return Nanoseconds(0)
        return Nanoseconds(life_at + SILENCE_THAT_WAIVES * self._router.master_down_interval)

    def _hold_down_ends(self) -> Nanoseconds:
        policy = self._router.config.hold_down
        ends = self._damping.may_open_at(policy, nobody_serves=False)
        waived = self._waived_at()
        return waived if ends is None else min(ends, waived)

    def _hold_down_reason(self) -> str:
        ends = self._damping.may_open_at(self._router.config.hold_down, nobody_serves=False)
        last = self._damping.closings[-1]
        length = Nanoseconds(0 if ends is None else ends - last)
        return f"the checks pass again, hold-down of {in_words(length)}"
