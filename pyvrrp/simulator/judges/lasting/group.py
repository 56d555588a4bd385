"""Judges groups: their members are master together, or none of them is (INV12)."""

from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER
from pyvrrp.simulator.judges.rules.bounds import LINGER
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.protocol_times import handover_wait


class GroupJudge(Judge):
    """Records since when the members of each group on each node differ."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._differ_since: dict[ObservedRouter, int] = {}

    def judge(self, first: ObservedRouter) -> int:
        """Judge the group whose first member on its node is *first*."""
        members, awake, now = first.members, first.node.awake_since, int(self._engine.now)
        if awake is not None:
            self._note(InvariantName.GROUP)
        if awake is None or len({one.state == "MASTER" for one in members}) == 1:
            self._differ_since.pop(first, None)
            return FOREVER
        begun = max(self._differ_since.setdefault(first, now), awake)
        # In a handover each member waits for its own successor. The slowest sets the bound.
        moving = any(one.handing_over() for one in members)
        waits = max(handover_wait(one.config) for one in members) + int(LINGER) if moving else 0
        return self._judge_duration(
            begun,
            self._bounds.stretched(waits + 2 * self._bounds.network),
            InvariantName.GROUP,
            f"{first.node.name}/{first.config.group}",
            "the states of its members have differed for {}: "
            + ", ".join(f"{one.config.name} {one.state}" for one in members),
        )
