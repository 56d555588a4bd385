"""Judges who serves: somebody, and after the timers of preemption the right one (INV3, INV16)."""

from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.bounds import Bounds
from pyvrrp.simulator.judges.facts import Facts, ObservedSegment
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import Nanoseconds, in_words


class PlacementJudge:
    """Knows since when nobody has held the addresses of a virtual router."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._unheld: dict[tuple[VirtualRouterId, tuple[str, ...]], int] = {}

    def look(self, key: VirtualRouterId, segment: ObservedSegment, group: tuple[str, ...]) -> None:
        """Judge one virtual router on one group of nodes that hear each other."""
        seats = self._facts.seats_of(key, group)
        calm = self._calm(key, segment, group)
        holders = [seat for seat in seats if seat.whole()]
        unheld = (key, group)
        if holders:
            self._unheld.pop(unheld, None)
        else:
            self._unheld.setdefault(unheld, self._engine.now)
        if calm is None:
            return
        if holders:
            self._judge_placement(key, seats, holders, calm)
        else:
            self._judge_served(key, seats, max(calm, self._unheld[unheld]))

    def _calm(
        self, key: VirtualRouterId, segment: ObservedSegment, group: tuple[str, ...]
    ) -> int | None:
        """Since when these nodes are calm on all segments of the virtual routers that go along."""
        seats = self._facts.by_key[key]
        places = dict.fromkeys((segment.place, *(s.place for one in seats for s in one.members)))
        exclusive = any(seat.exclusive for seat in seats)
        calm = self._facts.calm_for_a_lease if exclusive else self._facts.calm
        found = [calm(self._facts.segments[place], group) for place in places]
        known = [one for one in found if one is not None]
        return max(known) if len(known) == len(found) else None

    def _judge_served(self, key: VirtualRouterId, seats: list[ObservedRouter], since: int) -> None:
        for seat in seats:
            healthy = self._facts.healthy(seat)
            if healthy is None or seat.node.stopping or seat.drained:
                continue
            lasted = self._engine.now - max(since, healthy, seat.undrained_at)
            name = seat.node.name
            self._require(
                lasted <= max(self._bounds.served(s.key, name, s.config) for s in seat.members),
                InvariantName.SERVED,
                str(key),
                f"{seat.node.name} is healthy, and nobody has held the addresses for "
                f"{in_words(Nanoseconds(lasted))}",
            )

    def _judge_placement(
        self,
        key: VirtualRouterId,
        seats: list[ObservedRouter],
        holders: list[ObservedRouter],
        calm: int,
    ) -> None:
        best = max(holders, key=lambda seat: seat.priority)
        for seat in seats:
            if seat in holders or not _outranks(seat, best):
                continue
            since = self._eligible(seat)
            if since is None:
                continue
            stood = max(calm, since, seat.priority_since, best.priority_since)
            lasted = self._engine.now - max(stood, *best.held.values())
            self._require(
                lasted <= max(self._bounds.placed(s.key, s.config) for s in seat.members),
                InvariantName.PLACEMENT,
                str(key),
                f"{best.node.name} holds, and {seat.node.name} of higher priority has been "
                f"eligible for {in_words(Nanoseconds(lasted))}",
            )

    def _eligible(self, seat: ObservedRouter) -> int | None:
        healthy = self._facts.healthy(seat)
        running = self._facts.running.get(seat.node.name)
        if healthy is None or running is None or seat.drained or seat.patience.defers:
            return None
        opened = max(healthy, running, seat.undrained_at)
        here, name = seat.node.time.now(), seat.node.name
        looking = max(self._bounds.looking(name, one.config) for one in seat.members)
        opened += max(self._bounds.opening(name, one.config) for one in seat.members)
        for one in seat.members:
            ends = one.closings.opens_at()
            if ends is not None and here < ends + looking:
                return None
            if ends is not None:
                opened = max(opened, self._engine.now - (here - ends))
        return opened + looking


def _outranks(seat: ObservedRouter, holder: ObservedRouter) -> bool:
    return seat.config.preempt and seat.priority > holder.priority
