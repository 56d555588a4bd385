"""Judges whether a node serves, and after preemption whether the right one does (INV3, INV16)."""

from collections.abc import Iterator

from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.segment import ObservedSegment
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Suspension
from pyvrrp.simulator.judges.rules.verdicts import words


class PlacementJudge(Judge):
    """Records since when no node has held the addresses of a virtual router."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._unheld: dict[tuple[VirtualRouterId, tuple[str, ...]], int] = {}
        self._free_since: dict[tuple[ObservedRouter, tuple[str, ...]], int] = {}

    def judge(self, router: VirtualRouterId) -> int:
        """Judge one virtual router in each group of nodes that hear each other."""
        groups = self._facts.segments[router.place].groups
        return min((self._in_group(router, group) for group in groups), default=FOREVER)

    def _in_group(self, router: VirtualRouterId, group: tuple[str, ...]) -> int:
        members = self._facts.members_in(router, group)
        holders = [one for one in members if one.holds_all()]
        if holders:
            self._unheld.pop((router, group), None)
            return self._judge_placement(router, members, holders, group)
        unheld = self._unheld.setdefault((router, group), int(self._engine.now))
        return self._judge_served(router, members, group, unheld)

    def _why_not(self, router: ObservedRouter, group: tuple[str, ...]) -> Suspension | None:
        """Return why nothing can be said of *router*: its claim has to wait for a key in etcd."""
        holder = self._facts.key_holder(router) if router.exclusive else None
        if holder is None:
            return None
        why = None
        if self._facts.etcd.loses_some_of(holder):
            why = Suspension.ETCD  # it may write the key again and again, and never learn of it
        elif holder not in group and self._facts.nodes[holder].awake_since is not None:
            why = Suspension.KEY  # it is not heard here, and may have the addresses
        if why is not None:
            self._free_since[router, group] = int(self._engine.now)
        return why

    def _calm_since(self, router: ObservedRouter, group: tuple[str, ...]) -> int | None:
        """Return since when all nodes of *group* are calm on the segments of its members."""
        etcd = 0
        if router.exclusive:
            everybody = all(set(group) == set(s.interfaces) for s in self._segments(router))
            reached = self._facts.etcd_reached_since
            if reached is None or not everybody:
                return None
            etcd = reached
        return latest((etcd, *(s.calm_since(group) for s in self._segments(router))))

    def _ready_since(self, router: ObservedRouter, group: tuple[str, ...]) -> int | None:
        """Return since when its own node is well, whatever the others do."""
        name, etcd = router.node.name, self._facts.reaches_etcd_since(router)
        return latest((etcd, *(s.ready_since(name, group) for s in self._segments(router))))

    def _segments(self, router: ObservedRouter) -> Iterator[ObservedSegment]:
        places = dict.fromkeys(one.id.place for one in router.members)
        return (self._facts.segments[place] for place in places)

    def _judge_served(
        self,
        router: VirtualRouterId,
        members: list[ObservedRouter],
        group: tuple[str, ...],
        unheld: int,
    ) -> int:
        first = FOREVER
        for one in members:
            if one.healthy_since() is None or one.node.simulated.stopping or one.drained:
                continue
            ready, why = self._ready_since(one, group), self._why_not(one, group)
            if ready is None:
                continue
            self._note(InvariantName.SERVED, why)
            if why is not None:
                first = int(self._engine.now)  # it is judged again as soon as the key is free
                continue
            begun = max(unheld, one.healthy_since() or 0, one.undrained_at, self._failing(one))
            begun = max(begun, self._free_since.get((one, group), 0))
            calm = self._calm_since(one, group)
            if calm is not None:
                first = min(first, self._served(router, one, max(begun, calm), 0))
            sick = self._bounds.sick(router)
            begun = max(begun, ready, self._hold_down_ends(one))
            first = min(first, self._served(router, one, begun, sick))
        return first

    def _served(
        self, router: VirtualRouterId, healthy: ObservedRouter, begun: int, sick: int
    ) -> int:
        name = healthy.node.name
        limit = max(self._bounds.served(s.id, name, s.config) for s in healthy.members)
        return self._judge_duration(
            begun,
            limit + sick,
            InvariantName.SERVED,
            str(router),
            f"{name} is healthy, and no node has held the addresses for {{}}",
        )

    def _failing(self, router: ObservedRouter) -> int:
        """Return until when resources fail somewhere, or a node stays away because of that."""
        if not router.chained:
            return 0
        ends = (one.failures.opens_at() for one in router.members)
        last = max((end for end in ends if end is not None), default=0)
        return max(self._disturbances.failing_until, router.node.last_instant_of(last))

    def _hold_down_ends(self, router: ObservedRouter) -> int:
        """Return when the hold-downs end: a sick master keeps them from being waived."""
        ends = (one.closings.opens_at() for one in router.members)
        last = max((end for end in ends if end is not None), default=0)
        return router.node.last_instant_of(last) if last > router.here() else 0

    def _judge_placement(
        self,
        router: VirtualRouterId,
        members: list[ObservedRouter],
        holders: list[ObservedRouter],
        group: tuple[str, ...],
    ) -> int:
        best = max(holders, key=lambda one: one.priority)
        first = FOREVER
        for one in members:
            if one in holders or not one.config.preempt or one.priority <= best.priority:
                continue
            eligible = latest((one.healthy_since(), one.node.running_since))
            if eligible is None or one.drained or one.takeover.defers:
                continue
            ready, why = self._ready_since(one, group), self._why_not(one, group)
            if ready is None:
                continue
            self._note(InvariantName.PLACEMENT, why)
            if why is not None:
                first = int(self._engine.now)
                continue
            moved = max(one.priority_since, best.priority_since, *best.held.values())
            free = self._free_since.get((one, group), 0)
            since = max(eligible, moved, free, self._failing(one))
            calm = self._calm_since(one, group)
            if calm is not None:
                first = min(first, self._judge_better(router, one, best, max(calm, since), 0))
            sick = self._bounds.sick(router)
            first = min(first, self._judge_better(router, one, best, max(ready, since), sick))
        return first

    def _judge_better(
        self,
        router: VirtualRouterId,
        better: ObservedRouter,
        best: ObservedRouter,
        since: int,
        sick: int,
    ) -> int:
        """Judge a node of higher priority beside the holder; return until when it may wait."""
        node, members, now = better.node, better.members, self._engine.now
        here, name = node.time.now(), node.name
        looking = max(self._bounds.looking(name, one.config) for one in members)
        limit = max(self._bounds.placed(one.id, name, one.config) for one in members) + sick
        opening = max(self._bounds.opening(name, one.config) for one in members)
        eligible = latest((better.healthy_since(), node.running_since)) or 0
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
