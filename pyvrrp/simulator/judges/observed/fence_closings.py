"""How long a fence has to stay closed, computed independently from its closings."""

from dataclasses import dataclass, field

from pyvrrp.fencing.policy import HoldDown


@dataclass(slots=True)
class FenceClosings:
    """The closings of one fence, by the node's clock."""

    policy: HoldDown
    instants: list[int] = field(default_factory=list)

    def opens_at(self) -> int | None:
        """Return when the hold-down ends; None: there is none."""
        if not self.instants:
            return None
        doubled = int(self.policy.initial) << (self._in_a_row() - 1)
        return self.instants[-1] + min(int(self.policy.ceiling), doubled)

    def _in_a_row(self) -> int:
        row = 1
        for later, earlier in zip(self.instants[:0:-1], self.instants[-2::-1], strict=True):
            if later - earlier > self.policy.window:
                break
            row += 1
        return min(row, 64)
