"""One check over time: its probes, its verdict, and the events when the verdict changes."""

from collections.abc import Callable

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.fencing.verdict import Verdict, presumed
from pyvrrp.ports import Ports, ProbeResult
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.base.probe_schedule import ProbeSchedule
from pyvrrp.units import Nanoseconds, to_milliseconds


class CheckRunner:
    """One check, shared by all virtual routers that use it."""

    def __init__(self, config: CheckConfig, ports: Ports, journal: Journal) -> None:
        self.config = config
        self.verdict = Verdict()
        self._ports = ports
        self._clock = ports.clock
        self._journal = journal
        self._listeners: list[Callable[[], None]] = []
        self._passing = False
        self._schedule = ProbeSchedule(config, ports, self._result)
        self._silence = DeadlineTimer(ports.clock, self._judge)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener* after each result, and when a lack of results makes the check fail."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call *listener* no more."""
        self._listeners.remove(listener)

    def presume(self) -> None:
        """Pass until the first verdict: a router that serves depends on this new check.

        It is no pass that a claim may rest on.
        """
        self.verdict = presumed(self._clock.now())
        self._passing = True
        self._silence.set(self.verdict.fails_by_silence_at(self.config.policy))

    def configuration_is(self, config: CheckConfig) -> None:
        """Probe as *config* says from now on. The verdict stays, and no pass is fresh."""
        now = self._clock.now()
        passing = self.verdict.is_passing(now, self.config.policy)
        self._schedule.stop()
        self.config = config
        self.verdict = presumed(now) if passing else Verdict()
        self._passing = passing
        self._schedule = ProbeSchedule(config, self._ports, self._result)
        self._silence.set(self.verdict.fails_by_silence_at(config.policy))
        self._schedule.start()

    def start(self) -> None:
        """Probe now, and every interval from now on."""
        self._schedule.start()

    def stop(self) -> None:
        """Stop probing. The last verdict stays until it is stale."""
        self._schedule.stop()
        self._silence.set(None)

    def status(self, now: Nanoseconds, weight: int | None) -> dict[str, Json]:
        """Return what status shows of the check, with the points of its *weight* if it has one."""
        last, policy = self.verdict.last_result_at, self.config.policy
        return {
            "name": self.config.name,
            "passing": self.verdict.is_passing(now, policy),
            "reason": self.verdict.why(now, policy),
            "weight": weight,
            "age_ms": None if last is None else to_milliseconds(Nanoseconds(now - last)),
        }

    def look_at_clock(self) -> None:
        """Judge now if the check has become silent and its timer has not fired yet."""
        if self._passing and not self.verdict.is_passing(self._clock.now(), self.config.policy):
            self._judge()

    def probe_now(self) -> None:
        """Start a probe at once, unless one is under way."""
        self._schedule.probe_now()

    def _result(self, result: ProbeResult) -> None:
        now = self._clock.now()
        self.verdict = self.verdict.after(result.passed, result.reason, now, self.config.policy)
        self._silence.set(self.verdict.fails_by_silence_at(self.config.policy))
        self._judge()

    def _judge(self) -> None:
        now = self._clock.now()
        passing = self.verdict.is_passing(now, self.config.policy)
        if passing is not self._passing:
            self._passing = passing
            reason = self.verdict.why(now, self.config.policy)
            self._journal.record(
                "check",
                f"check {self.config.name} {'passes' if passing else 'fails'}: {reason}",
                level=Level.INFO if passing else Level.WARNING,
                fields={"check": self.config.name, "passing": passing, "reason": reason},
            )
        for listener in tuple(self._listeners):
            listener()
