"""Weights: a check can change the priority instead of closing the fence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weight:
    """How the check named ``check`` changes the priority.

    Positive ``points`` are added while the check passes, negative ones while it fails.
    """

    check: str
    points: int

    def adjustment(self, *, passing: bool) -> int:
        """Return the number to add to the priority; *passing*: whether the check passes."""
        return self.points if passing is (self.points > 0) else 0
