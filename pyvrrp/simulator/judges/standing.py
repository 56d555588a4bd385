"""Judges whether a node may stand for election, and with which priority (INV4, INV7)."""

from pyvrrp.runtime.base.journal import Event
from pyvrrp.simulator.judges.bounds import master_down
from pyvrrp.simulator.judges.facts import Facts
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.oracle import priority_in_force
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import Nanoseconds, in_words


class StandingJudge:
    """Compares what daemons say of fences and priorities with an independent count."""

    def __init__(self, facts: Facts, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._engine = engine
        self._require = verdicts.require

    def priority(self, seat: ObservedRouter, event: Event) -> None:
        """A daemon reports another priority."""
        priority, here = int(str(event.fields["to"])), seat.node.time.now()
        seat.patience.stand(priority, here)
        seat.priority_since = self._engine.now
        self.look(seat)

    def last_resort(self, seat: ObservedRouter, event: Event) -> None:
        """A daemon reports that it serves although fenced, or does so no longer."""
        here = seat.node.time.now()
        seat.last_resort = event.name == "last_resort"
        seat.resort_over_at = self._engine.now
        if not seat.last_resort:
            return
        fenced = any(not check.passing or check.silent(here) for check in self._facts.checks(seat))
        own = int(seat.config.advertisement_interval)
        wait = 4 * master_down(seat.config.version, seat.priority, own)
        silent = seat.last_heard is None or here - seat.last_heard >= wait
        self._require(
            seat.config.last_resort and fenced and silent,
            InvariantName.LAST_RESORT,
            seat.who,
            "serves as the last resort, and its checks pass or somebody was heard just now",
        )

    def look(self, seat: ObservedRouter) -> None:
        """Judge the priority in force."""
        here = seat.node.time.now()
        lives = (self._facts.lives[seat.node.name, w.check] for w in seat.config.weights)
        passing = {life.check.name for life in lives if life.open(here)}
        right = priority_in_force(seat.config, seat.operator, passing)
        self._require(
            seat.priority == (1 if seat.last_resort else right),
            InvariantName.STANDING,
            seat.who,
            f"stands with priority {seat.priority}, should be {right}",
        )

    def fence(self, seat: ObservedRouter, event: Event) -> None:
        """A daemon reports that a fence has opened or closed."""
        here = seat.node.time.now()
        if not event.fields["open"]:
            seat.closings.instants.append(here)
            return
        for check in (self._facts.lives[seat.node.name, name] for name in seat.config.fence):
            self._require(
                check.open(here),
                InvariantName.NOT_BEFORE_OPEN,
                seat.who,
                f"the fence opened although {check.check.name} has not passed "
                f"{check.check.policy.rise} times in a row",
            )
        ends = seat.closings.opens_at()
        own = int(seat.config.advertisement_interval)
        quiet = 2 * master_down(seat.config.version, seat.priority, own)
        waived = seat.last_heard is None or here - seat.last_heard >= quiet
        self._require(
            ends is None or here >= ends or waived,
            InvariantName.HOLD_DOWN,
            seat.who,
            f"opened {in_words(Nanoseconds((ends or 0) - here))} too early",
        )
