"""Judges who serves: somebody, and after the timers of preemption the right one (INV3, INV16)."""

from pyvrrp.config.model import VirtualRouterConfig
from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.bounds import Bounds
from pyvrrp.simulator.engine import Engine
from pyvrrp.simulator.facts import Facts, Seat, Segment
from pyvrrp.simulator.invariants import Name
from pyvrrp.simulator.verdicts import Verdicts
from pyvrrp.units import Nanoseconds, in_words


class PlacementJudge:
    """Knows since when nobody has held the addresses of a virtual router."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._unheld: dict[tuple[VirtualRouterId, tuple[str, ...]], int] = {}

    def look(self, key: VirtualRouterId, segment: Segment, group: tuple[str, ...]) -> None:
        """Judge one virtual router on one group of nodes that hear each other."""
        seats = self._facts.seats_of(key, group)
        leased = any(seat.config.is_exclusive for seat in seats)
        facts = self._facts
        calm = (facts.calm_for_a_lease if leased else facts.calm)(segment, group)
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

    def _judge_served(self, key: VirtualRouterId, seats: list[Seat], since: int) -> None:
        for seat in seats:
            healthy = self._facts.healthy(seat)
            if healthy is None or seat.node.stopping or seat.drained:
                continue
            lasted = self._engine.now - max(since, healthy, seat.undrained_at)
            self._require(
                lasted <= self._bounds.served(key, seat.node.name, seat.config),
                Name.SERVED,
                str(key),
                f"{seat.node.name} is healthy, and nobody has held the addresses for "
                f"{in_words(Nanoseconds(lasted))}",
            )

    def _judge_placement(
        self, key: VirtualRouterId, seats: list[Seat], holders: list[Seat], calm: int
    ) -> None:
        best = max(holders, key=lambda seat: seat.config.priority)
        for seat in seats:
            if seat in holders or not _outranks(seat.config, best.config):
                continue
            since = self._eligible(seat)
            if since is None:
                continue
            lasted = self._engine.now - max(calm, since, *best.held.values())
            self._require(
                lasted <= self._bounds.placed(key, seat.config),
                Name.PLACEMENT,
                str(key),
                f"{best.node.name} holds, and {seat.node.name} of higher priority has been "
                f"eligible for {in_words(Nanoseconds(lasted))}",
            )

    def _eligible(self, seat: Seat) -> int | None:
        healthy = self._facts.healthy(seat)
        running = self._facts.running.get(seat.node.name)
        if healthy is None or running is None or seat.drained or seat.patience.defers:
            return None
        opened = max(healthy, running, seat.undrained_at) + self._bounds.opening(
            seat.node.name, seat.config
        )
        ends = seat.closings.opens_at()
        here = seat.node.time.now()
        if ends is not None and here < ends + self._bounds.looking(seat.node.name, seat.config):
            return None
        if ends is not None:
            opened = max(opened, self._engine.now - (here - ends))
        return opened + self._bounds.looking(seat.node.name, seat.config)


def _outranks(config: VirtualRouterConfig, holder: VirtualRouterConfig) -> bool:
    return config.preempt and config.priority > holder.priority
