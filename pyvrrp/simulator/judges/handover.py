"""Judges planned moves: what an operator moves is never without an answer (decision 6)."""

from collections.abc import Iterator

from pyvrrp.identity import InterfaceAddress, VirtualRouterId
from pyvrrp.simulator.judges.bounds import NEIGHBOUR_AGE, Bounds
from pyvrrp.simulator.judges.facts import Facts, ObservedSegment
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter, OperatorOrder, PlannedMove
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.scenario.fault import ServiceHealth
from pyvrrp.simulator.world.clients import SimulatedClient
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import Nanoseconds, in_words


class HandoverJudge:
    """Knows what was asked of whom, and since when each address has had an answer."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._served: dict[tuple[VirtualRouterId, InterfaceAddress], int] = {}

    def asked(self, node: str, wish: OperatorOrder) -> None:
        """A daemon is being told what an operator wants."""
        for seat in self._seats_on(node):
            if wish is OperatorOrder.DRAIN:
                seat.drained = True
            if seat.is_master():
                here = seat.node.time.now()
                seat.move = PlannedMove(wish, self._engine.now, here, tuple(self._successors(seat)))
            elif seat.handing_over and seat.move is not None and wish is not OperatorOrder.RESIGN:
                seat.move.wish = wish

    def gained(self, seat: ObservedRouter, address: InterfaceAddress) -> None:
        """A node has an address."""
        self._served.setdefault((seat.key, address), self._engine.now)

    def lost(self, seat: ObservedRouter, address: InterfaceAddress) -> None:
        """A node no longer has an address, and nobody took it away by hand."""
        if any(address in other.held for other in self._facts.by_key[seat.key]):
            return
        self._served.pop((seat.key, address), None)
        if seat.exclusive:
            return  # break before make: decision 7
        if self._upset(seat, self._engine.now) or seat.node.name not in self._facts.awake:
            return
        ready = seat.move is None or any(
            self._still(one, seat.move) for one in seat.move.successors
        )
        asked = "of itself" if seat.move is None else f"asked to {seat.move.wish}"
        self._require(
            not ready,
            InvariantName.NO_GAP,
            seat.who,
            f"let {address} go, {asked}, and nobody else has it",
        )

    def look(self) -> None:
        """Judge handovers that last."""
        for seat in self._facts.seats.values():
            if seat.handing_over and seat.move is not None:
                self._judge_patience(seat, seat.move)

    def client(self, client: SimulatedClient, segment: ObservedSegment, period: int) -> None:
        """Judge whether a client that has been at rest for long has got an answer."""
        for (key, address), since in self._served.items():
            if key.place != segment.place or client.reached.get(address) is not None:
                continue
            nodes = [name for name in segment.nodes if name in self._facts.awake]
            clean = self._facts.hear_each_other(segment, (client.name, *nodes))
            if clean is None or self._facts.upsets:
                continue
            begun = max(since, clean, self._facts.upset_until)
            lasted = self._engine.now - begun
            self._require(
                lasted <= self._bounds.clients(key) + int(NEIGHBOUR_AGE) + 4 * period,
                InvariantName.NO_GAP,
                client.name,
                f"got no answer from {address}, which somebody has had for "
                f"{in_words(Nanoseconds(lasted))}",
            )

    def _judge_patience(self, seat: ObservedRouter, move: PlannedMove) -> None:
        awake = self._facts.awake.get(seat.node.name)
        if awake is None:
            return
        lasted = self._engine.now - max(move.at, awake)
        self._require(
            lasted <= self._bounds.handing_over(seat.config),
            InvariantName.HANDOVER,
            seat.who,
            f"has handed over for {in_words(Nanoseconds(lasted))}",
        )

    def _seats_on(self, node: str) -> Iterator[ObservedRouter]:
        return (seat for (name, _), seat in self._facts.seats.items() if name == node)

    def _upset(self, seat: ObservedRouter, now: int) -> bool:
        rest = self._bounds.at_rest(seat.key, seat.config)
        return bool(self._facts.upsets) or now - self._facts.upset_until < rest

    def _successors(self, seat: ObservedRouter) -> Iterator[ObservedRouter]:
        """Backups that are healthy and have heard this master for long."""
        if self._upset(seat, self._engine.now):
            return
        rest = self._bounds.at_rest(seat.key, seat.config)
        for other in self._facts.by_key[seat.key]:
            known = (
                self._facts.able(other),
                self._facts.know_each_other(seat, other),
                self._facts.healthy(other),
                *(one.state_since if one.state == "BACKUP" else None for one in other.members),
            )
            since = [fact for fact in known if fact is not None]
            if len(since) < len(known) or self._engine.now - max(since) < rest:
                continue
            services = other.node.services
            prompt = all(services[name].health is ServiceHealth.OK for name in other.fence())
            opened = all(c.open(other.node.time.now()) for c in self._facts.checks(other))
            if prompt and opened and not other.drained:
                yield other

    def _still(self, successor: ObservedRouter, move: PlannedMove) -> bool:
        """Whether it has stayed able to take over since the move was asked for."""
        well = self._facts.able(successor)
        asked = successor.drained or successor.move is not None
        return well is not None and well <= move.at and not asked
