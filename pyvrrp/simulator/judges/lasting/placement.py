"""Judges whether a node serves, and after preemption whether the right one does (INV3, INV16)."""

from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.segment import ObservedSegment
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.verdicts import words


class PlacementJudge(Judge):
    """Records since when no node has held the addresses of a virtual router."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._unheld: dict[tuple[VirtualRouterId, tuple[str, ...]], int] = {}

    def judge(self, router: VirtualRouterId) -> int:
        """Judge one virtual router in each group of nodes that hear each other."""
        segment = self._facts.segments[router.place]
        groups = segment.groups
        return min((self._in_group(router, segment, g) for g in groups), default=FOREVER)

    def _in_group(
        self, router: VirtualRouterId, segment: ObservedSegment, group: tuple[str, ...]
    ) -> int:
        members = self._facts.members_in(router, group)
        holders = [one for one in members if one.holds_all()]
        if holders:
            self._unheld.pop((router, group), None)
            unheld = 0
        else:
            unheld = self._unheld.setdefault((router, group), int(self._engine.now))
        calm = self._calm_since(router, segment, group)
        if calm is None:
            return FOREVER
        if holders:
            return self._judge_placement(router, members, holders, calm)
        return self._judge_served(router, members, max(calm, unheld))

    def _calm_since(
        self, router: VirtualRouterId, segment: ObservedSegment, group: tuple[str, ...]
    ) -> int | None:
        """Return since when these nodes are calm on the segments of all members of the group."""
        routers = self._facts.by_id[router]
        members = (one.id.place for router in routers for one in router.members)
        segments = [self._facts.segments[p] for p in dict.fromkeys((segment.place, *members))]
        if any(one.exclusive for one in routers):
            return latest(self._facts.calm_for_a_lease(one, group) for one in segments)
        return latest(one.calm_since(group) for one in segments)

    def _judge_served(
        self, router: VirtualRouterId, members: list[ObservedRouter], since: int
    ) -> int:
        first = FOREVER
        for one in members:
            name, healthy = one.node.name, one.healthy_since()
            if healthy is None or one.node.simulated.stopping or one.drained:
                continue
            begun = max(since, healthy, one.undrained_at)
            until = self._judge_duration(
                begun,
                max(self._bounds.served(s.id, name, s.config) for s in one.members),
                InvariantName.SERVED,
                str(router),
                f"{name} is healthy, and no node has held the addresses for {{}}",
            )
            first = min(first, until)
        return first

    def _judge_placement(
        self,
        router: VirtualRouterId,
        members: list[ObservedRouter],
        holders: list[ObservedRouter],
        calm: int,
    ) -> int:
        best = max(holders, key=lambda one: one.priority)
        first = FOREVER
        for one in members:
            if one in holders or not one.config.preempt or one.priority <= best.priority:
                continue
            since = max(calm, one.priority_since, best.priority_since, *best.held.values())
            first = min(first, self._judge_better(router, one, best, since))
        return first

    def _judge_better(
        self, router: VirtualRouterId, better: ObservedRouter, best: ObservedRouter, since: int
    ) -> int:
        """Judge a node of higher priority beside the holder; return until when it may wait."""
        node, members, now = better.node, better.members, self._engine.now
        eligible = latest((better.healthy_since(), node.running_since))
        if eligible is None or better.drained or better.takeover.defers:
            return FOREVER
        here, name = node.time.now(), node.name
        looking = max(self._bounds.looking(name, one.config) for one in members)
        limit = max(self._bounds.placed(one.id, one.config) for one in members)
        opening = max(self._bounds.opening(name, one.config) for one in members)
        begun = max(since, max(eligible, better.undrained_at) + opening + looking)
        until = begun + limit
        ends = [end for one in members if (end := one.closings.opens_at()) is not None]
        if ends:
            last = max(ends)
            if here < last + looking:
                return node.last_instant_of(last + looking - 1)
            begun = max(begun, now - (here - last) + looking)
            until = max(until, node.last_instant_of(last + looking + limit))
        if now - begun > limit:
            lasted = now - begun
            self._broken(
                InvariantName.PLACEMENT,
                str(router),
                f"{best.node.name} holds, and {name} of higher priority has been "
                f"eligible for {words(lasted)}",
            )
        return until
