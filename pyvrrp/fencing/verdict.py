"""One check over time: rise and fall counts, and the age of what is known."""

from dataclasses import dataclass

from pyvrrp.fencing.policy import GRACE, CheckPolicy
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

_TENTH = 100 * MILLISECOND  # people read ages, so tenths of a second are enough


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check amounts to; it begins failed and has to prove itself.

    ``passing`` is the verdict as of the last result; ask `is_passing` for the verdict now, which
    silence may have turned. ``reason`` is that of the last result, while passing that of the last
    pass. ``streak`` counts the results in a row that contradict ``passing``.
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
        """Return the verdict after one more result, which came at *now*."""
        # Silence was a failure: what was counted before it counts no more.
        heard_lately = not self._is_silent(now, policy)
        passing = self.passing and heard_lately
        streak = self.streak if heard_lately else 0
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
        """Tell whether the check passes at *now*; from `stale_at` on it does not."""
        return self.passing and not self._is_silent(now, policy)

    def has_failed(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        """Tell whether the check fails for certain: it has looked, and no pass is on the way."""
        if self.last_result_at is None or self.is_passing(now, policy):
            return False
        return self.streak == 0 or self._is_silent(now, policy)

    def is_fresh(self, now: Nanoseconds, policy: CheckPolicy) -> bool:
        """Tell whether the last pass is young enough to claim an address (the gate)."""
        return self.last_pass_at is not None and now - self.last_pass_at <= policy.max_age

    def stale_at(self, policy: CheckPolicy) -> Nanoseconds | None:
        """Return the first instant at which silence fails it; None: it is failed already."""
        return self._silent_at(policy) if self.passing else None

    def why(self, now: Nanoseconds, policy: CheckPolicy) -> str:
        """Return what a person should read about this check at *now*."""
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
