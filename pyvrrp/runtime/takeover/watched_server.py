"""Watch somebody else's service on a schedule and count what is seen in a row.

Other than a `CheckRunner`, which fences this node: here silence of the prober is no failure, and
nothing counts as failed at the start. Who would take an address from another host needs proof.
"""

from collections.abc import Callable

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.ports import Handle, Ports, ProbeResult
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.units import Nanoseconds


class WatchedServer:
    """Probes every interval, never two at a time; *seen* is called after each result."""

    def __init__(
        self, check: CheckConfig, ports: Ports, journal: Journal, seen: Callable[[], None]
    ) -> None:
        self.failures = 0  # in a row; one of these two is 0
        self.passes = 0
        self.reason = "no result yet"  # of the last result
        self._check = check
        self._ports = ports
        self._journal = journal
        self._seen = seen
        self._passing: bool | None = None
        self._probe: Handle | None = None
        self._due = ports.clock.now()
        self._schedule = DeadlineTimer(ports.clock, self._tick)

    @property
    def failed(self) -> bool:
        """Whether the last `fall` results, or more, were failures."""
        return self.failures >= self._check.policy.fall

    @property
    def passed(self) -> bool:
        """Whether the last `rise` results, or more, were passes."""
        return self.passes >= self._check.policy.rise

    def start(self) -> None:
        """Probe now and every interval from now on; count from the beginning."""
        self.forget()
        self._due = self._ports.clock.now()
        self._tick()

    def stop(self) -> None:
        """Probe no more."""
        self._schedule.set(None)
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def forget(self) -> None:
        """Count from the beginning: what was seen until now may have had another cause."""
        self.failures = 0
        self.passes = 0

    def _tick(self) -> None:
        # Fixed rate, from start to start; what a stall has skipped is not made up for.
        now = self._ports.clock.now()
        interval = self._check.policy.interval
        self._due = Nanoseconds(self._due + interval)
        if self._due <= now:
            self._due = Nanoseconds(now + interval)
        self._schedule.set(self._due)
        if self._probe is None:
            self._probe = self._ports.probes.start(
                self._check.probe, self._check.policy.timeout, self._result
            )

    def _result(self, result: ProbeResult) -> None:
        self._probe = None
        self.reason = result.reason
        self.passes = self.passes + 1 if result.passed else 0
        self.failures = 0 if result.passed else self.failures + 1
        if self.passed or self.failed:
            self._tell(passing=result.passed)
        self._seen()

    def _tell(self, *, passing: bool) -> None:
        if passing is self._passing:
            return
        self._passing = passing
        self._journal.record(
            "check",
            f"check {self._check.name} {'passes' if passing else 'fails'}: {self.reason}",
            level=Level.INFO if passing else Level.WARNING,
            fields={"check": self._check.name, "passing": passing, "reason": self.reason},
        )
