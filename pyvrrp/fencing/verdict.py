"""Whether one check passes: its results are counted, and old results do not count."""

from dataclasses import dataclass

from pyvrrp.fencing.policy import GRACE, CheckPolicy
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

_TENTH = 100 * MILLISECOND  # the resolution of the ages in texts


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one check passes, after the results so far. Before the first result it fails.

    ``passing`` is the verdict at the last result. Use `is_passing` for the verdict now: a check
    fails if no result comes for too long. ``reason`` is that of the last pass while the check
    passes, else that of the last result. ``streak`` counts the last results in a row that
    contradict ``passing``.
    """

    passing: bool = False
    reason: str = "no result yet"
    streak: int = 0
    last_result_at: Nanoseconds | None = None
    last_pass_at: Nanoseconds | None = None

    def after(
        self,
        passed: bool,  # noqa: FBT001 - a result is a boolean; the callers have it in a variable
        reason: str,
        now: Nanoseconds,
        policy: CheckPolicy,
    ) -> "Verdict":
        """Return the verdict after one more result that came at *now*."""
        # A silent check has failed. Results before the silence do not count any more.
        silent = self._is_silent(now, policy)
        passing = self.passing and not silent
        streak = 0 if silent else self.streak
        needed = policy.rise if passed else policy.fall
        if passed is passing:
            streak = 0
        elif streak + 1 < needed:
            streak += 1
        else:
            passing, streak = passed, 0
        return Verdict(
            passing=passing,
            reason=self.reason if passing and not passed else reason,
            streak=streak,
            last_result_at=now,
            last_pass_at=now if passed else self.last_pass_at,
        )

    def is_passing(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        """Return whether the check passes at *now*, which ends at `fails_by_silence_at`."""
        return self.passing and not self._is_silent(now, policy)

    def has_failed(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        """Return whether the check failed and is not about to pass.

        That is: it had a result, it does not pass, and its last result is a failure or too old.
        """
        if self.last_result_at is None or self.is_passing(now, policy):
            return False
        return self.streak == 0 or self._is_silent(now, policy)

    def is_fresh(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        """Return whether the last pass is recent enough to claim an address."""
        return self.last_pass_at is not None and now - self.last_pass_at <= policy.max_age

    def fails_by_silence_at(self, policy: CheckPolicy) -> Nanoseconds | None:
        """Return when the check fails if no further result comes. None: it has failed already."""
        return self._silent_at(policy) if self.passing else None

    def why(self, now: Nanoseconds, policy: CheckPolicy) -> str:
        """Return the reason for the verdict at *now*, for logs and status."""
        if self.last_result_at is not None and self._is_silent(now, policy):
            age = (now - self.last_result_at) // _TENTH * _TENTH
            return f"no result for {in_words(Nanoseconds(age))}"
        if self.streak and not self.passing:
            return f"{self.reason}, pass {self.streak} of {policy.rise}"
        return self.reason

    def _silent_at(self, policy: CheckPolicy) -> Nanoseconds | None:
        if self.last_result_at is None:
            return None
        return Nanoseconds(self.last_result_at + policy.interval + policy.timeout + GRACE)

    def _is_silent(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        silent_at = self._silent_at(policy)
        return silent_at is not None and now >= silent_at


def presumed(now: Nanoseconds) -> Verdict:
    """Return the verdict on a check that counts as passing at *now*, before its first result.

    It has no pass, so no claim may rest on it.
    """
    return Verdict(passing=True, reason="no result yet since a reload", last_result_at=now)
