"""Probe a service on a schedule."""

from collections.abc import Callable

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.fencing.policy import GRACE
from pyvrrp.ports import Handle, Ports, ProbeResult
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import Nanoseconds


class ProbeSchedule:
    """Starts a probe every interval, never two at a time. *done* is called with each result."""

    def __init__(
        self, check: CheckConfig, ports: Ports, done: Callable[[ProbeResult], None]
    ) -> None:
        self._check = check
        self._ports = ports
        self._done = done
        self._probe: Handle | None = None
        self._begun = ports.clock.now()
        self._due = ports.clock.now()
        self._next = DeadlineTimer(ports.clock, self._probe_in_turn)

    def start(self) -> None:
        """Probe now, and every interval from now on."""
        self._due = self._ports.clock.now()
        self._probe_in_turn()

    def stop(self) -> None:
        """Stop probing, and cancel the probe that is under way."""
        self._next.set(None)
        self._cancel_probe()

    def probe_now(self) -> None:
        """Start a probe at once, unless one is under way."""
        if self._probe is None:
            self._begun = self._ports.clock.now()
            self._probe = self._ports.probes.start(
                self._check.probe, self._check.policy.timeout, self._ended
            )

    def _probe_in_turn(self) -> None:
        # The rate is fixed, from start to start. Probes that a stall has skipped are not made up
        # for.
        now = self._ports.clock.now()
        interval = self._check.policy.interval
        self._due = Nanoseconds(self._due + interval)
        if self._due <= now:
            self._due = Nanoseconds(now + interval)
        self._next.set(self._due)
        if now - self._begun > self._check.policy.timeout + GRACE:
            # This probe should have ended long ago, so it is stuck.
            self._cancel_probe()
        self.probe_now()

    def _cancel_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def _ended(self, result: ProbeResult) -> None:
        self._probe = None
        self._done(result)
