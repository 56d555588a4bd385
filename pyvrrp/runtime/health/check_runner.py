"""Run one check on its schedule: a probe every interval, never two at a time."""

from collections.abc import Callable

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.fencing.policy import GRACE
from pyvrrp.fencing.verdict import Verdict
from pyvrrp.ports import Handle, Ports, ProbeResult
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.units import Nanoseconds, to_milliseconds


class CheckRunner:
    """One check, shared by all virtual routers that use it."""

    def __init__(self, config: CheckConfig, ports: Ports, journal: Journal) -> None:
        self.config = config
        self.verdict = Verdict()
        self._ports = ports
        self._journal = journal
        self._listeners: list[Callable[[], None]] = []
        self._probe: Handle | None = None
        self._begun = ports.clock.now()
        self._passing = False
        self._due = ports.clock.now()
        self._schedule = AlarmClock(ports.clock, self._tick)
        self._silence = AlarmClock(ports.clock, self._judge)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have *listener* called after each result, and when silence turns the verdict."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Probe now and every interval from now on."""
        self._due = self._ports.clock.now()
        self._tick()

    def stop(self) -> None:
        """Probe no more; the last verdict stands until it is stale."""
        self._schedule.set(None)
        self._silence.set(None)
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def status(self, now: Nanoseconds, weight: int | None) -> dict[str, Json]:
        """Return what status shows of it, with the points of its *weight* if it has one."""
        last, policy = self.verdict.last_result_at, self.config.policy
        return {
            "name": self.config.name,
            "passing": self.verdict.is_passing(now, policy),
            "reason": self.verdict.why(now, policy),
            "weight": weight,
            "age_ms": None if last is None else to_milliseconds(Nanoseconds(now - last)),
        }

    def demand(self) -> None:
        """Probe at once, unless a probe is under way."""
        if self._probe is None:
            self._begun = self._ports.clock.now()
            self._probe = self._ports.probes.start(
                self.config.probe, self.config.policy.timeout, self._result
            )

    def _tick(self) -> None:
        # Fixed rate, from start to start; what a stall has skipped is not made up for.
        now = self._ports.clock.now()
        interval = self.config.policy.interval
        self._due = Nanoseconds(self._due + interval)
        if self._due <= now:
            self._due = Nanoseconds(now + interval)
        self._schedule.set(self._due)
        if self._probe is not None and now - self._begun > self.config.policy.timeout + GRACE:
            # Whoever looks is stuck: by now that is failure, and nobody waits for it any more.
            self._probe.cancel()
            self._probe = None
        self.demand()

    def _result(self, result: ProbeResult) -> None:
        self._probe = None
        now = self._ports.clock.now()
        self.verdict = self.verdict.after(result.passed, result.reason, now, self.config.policy)
        self._silence.set(self.verdict.fails_by_silence_at(self.config.policy))
        self._judge()

    def _judge(self) -> None:
        now = self._ports.clock.now()
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
        for listener in self._listeners:
            listener()
