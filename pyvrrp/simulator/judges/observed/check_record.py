"""The results of one check that the daemon was given, counted independently of it."""

from dataclasses import dataclass, field

from pyvrrp.config.model.configuration import CheckConfig
from pyvrrp.fencing.policy import GRACE


@dataclass(slots=True)
class CheckRecord:
    """One check of one daemon process. Times are of the node's clock.

    ``passing`` is the verdict that follows from the results, rise and fall.
    """

    check: CheckConfig
    passing: bool = False
    row: int = 0
    last_at: int | None = None
    last_pass_at: int | None = None
    turned_at: int = 0
    _too_old: int = field(init=False)  # from this age on a result does not count

    def __post_init__(self) -> None:
        policy = self.check.policy
        self._too_old = policy.interval + policy.timeout + GRACE

    def add_result(self, now: int, *, passed: bool) -> None:
        """Count one more result."""
        policy = self.check.policy
        if self.last_at is not None and now - self.last_at >= self._too_old:
            if self.passing:
                self.turned_at = self.last_at + self._too_old
            self.passing, self.row = False, 0
        if passed is self.passing:
            self.row = 0
        else:
            self.row += 1
            if self.row >= (policy.rise if passed else policy.fall):
                self.passing, self.row = passed, 0
                self.turned_at = now
        self.last_at = now
        if passed:
            self.last_pass_at = now

    def silent_at(self) -> int | None:
        """Return from when on the last result is too old to count; None: there is none."""
        return None if self.last_at is None else self.last_at + self._too_old

    def silent(self, now: int) -> bool:
        """Whether the last result is too old to count."""
        silent_at = self.silent_at()
        return silent_at is not None and now >= silent_at

    def open(self, now: int) -> bool:
        """Whether this check allows its virtual routers to take part."""
        return self.passing and not self.silent(now)

    def closes_at(self) -> int:
        """Return since when, or from when on, it closes the fence."""
        silent_at = self.silent_at()
        return silent_at if self.passing and silent_at is not None else self.turned_at

    def fresh(self, now: int) -> bool:
        """Whether a claim may rest on its last pass."""
        return (
            self.last_pass_at is not None and now - self.last_pass_at <= self.check.policy.max_age
        )
