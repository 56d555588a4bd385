"""A check that moves the priority instead of closing the fence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weight:
    """What a check does to the priority: positive ``points`` are added while it passes.

    Negative ones are taken away while it fails. 0 would be a check that changes nothing.
    """

    check: str
    points: int

    def adjustment(self, *, passing: bool) -> int:
        """Return what is added to the priority while the check is *passing*, or is not."""
        return self.points if passing is (self.points > 0) else 0
