"""Watch another host's service on a schedule and count equal results in a row.

A `CheckRunner` fences this node. Here it is the other way round: a probe that gives no result is no
failure, and nothing counts as failed at the start. Before this host takes an address from another
one, it needs proof.
"""

from collections.abc import Callable

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.ports import Ports, ProbeResult
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.probe_schedule import ProbeSchedule


class WatchedServer:
    """The results of one check of another host. *seen* is called after each result."""

    def __init__(
        self, check: CheckConfig, ports: Ports, journal: Journal, seen: Callable[[], None]
    ) -> None:
        self.failures = 0  # in a row; one of these two is 0
        self.passes = 0
        self.reason = "no result yet"  # of the last result
        self._check = check
        self._journal = journal
        self._seen = seen
        self._passing: bool | None = None
        self._schedule = ProbeSchedule(check, ports, self._result)

    @property
    def failed(self) -> bool:
        """Whether at least the last `fall` results were failures."""
        return self.failures >= self._check.policy.fall

    @property
    def passed(self) -> bool:
        """Whether at least the last `rise` results were passes."""
        return self.passes >= self._check.policy.rise

    def start(self) -> None:
        """Probe now, and every interval from now on. Count from zero."""
        self.reset_counts()
        self._schedule.start()

    def stop(self) -> None:
        """Stop probing."""
        self._schedule.stop()

    def reset_counts(self) -> None:
        """Count from zero. Earlier results may have had another cause."""
        self.failures = 0
        self.passes = 0

    def _result(self, result: ProbeResult) -> None:
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
