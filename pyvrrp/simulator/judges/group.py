"""Judges groups: their members are master together, or none of them is (INV12)."""

from pyvrrp.simulator.judges.bounds import LINGER, Bounds, patience
from pyvrrp.simulator.judges.facts import Facts
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import Nanoseconds, in_words


class GroupJudge:
    """Knows since when the members of each group on each node disagree."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._parted: dict[tuple[str, str], int] = {}

    def look(self, seat: ObservedRouter) -> None:
        """Judge the group of *seat*; once for each group will do."""
        if len(seat.members) == 1 or seat is not seat.members[0]:
            return
        what = (seat.node.name, seat.config.group)
        awake = self._facts.awake.get(seat.node.name)
        if awake is None or len({one.state == "MASTER" for one in seat.members}) == 1:
            self._parted.pop(what, None)
            return
        lasted = self._engine.now - max(self._parted.setdefault(what, self._engine.now), awake)
        # In a handover each member waits for its own successor; the bound is that of the slowest.
        moving = any(one.handing_over for one in seat.members)
        waits = max(patience(one.config) for one in seat.members) + int(LINGER) if moving else 0
        self._require(
            lasted <= self._bounds.stretched(waits + 2 * self._bounds.network),
            InvariantName.GROUP,
            f"{seat.node.name}/{seat.config.group}",
            f"its members have disagreed for {in_words(Nanoseconds(lasted))}: "
            + ", ".join(f"{one.config.name} {one.state}" for one in seat.members),
        )
