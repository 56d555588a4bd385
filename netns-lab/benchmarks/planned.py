"""Planned moves and the way back: what a client loses that sends one datagram a millisecond."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.pairs import PATIENCE
from plays.duel import Duel, Pair, duel
from plays.play import Play
from report.benchmark import FaultReport, Row, Target

# A Linux client accepts no second change of a neighbour within a second (neigh/*/locktime).
_DWELL = 1.2
_AFTERWARDS = 0.5  # seconds a move may still be felt when the kernels are done with it
_FAILBACK = 5  # datagrams, one a millisecond
_OF_RIVAL = 6  # its daemon takes a second to stop


@dataclass(frozen=True, slots=True)
class _Move:
    what: str
    pair: Pair
    start: float
    end: float


@dataclass(slots=True)
class _Measuring:
    play: Play
    both: Duel
    moves: list[_Move] = field(default_factory=list)

    def move(self, what: str, pair: Pair, act: Callable[[], object], to: str) -> None:
        start = self.play.mark(f"{pair.implementation}: {what}")
        act()
        self.play.wait(
            lambda: self.play.holders(pair.address) == [to], f"{what}: {to} to hold it", PATIENCE
        )
        end = time.time() + _AFTERWARDS
        self.play.sleep(_DWELL)
        self.moves.append(_Move(what, pair, start, end))

    def lost(self, what: str, pair: Pair) -> list[int]:
        """Return the datagrams lost by each move of that kind."""
        return [
            pair.client.lost(move.start, move.end)
            for move in self.moves
            if (move.what, move.pair) == (what, pair)
        ]


def planned(outcome: FaultReport, interval_ms: int, times: int, *, ipv6: bool) -> None:
    """Stop the master and start it again, alternately for both."""
    family = "IPv6" if ipv6 else "IPv4"
    name = f"{interval_ms} ms, {family}"
    with Play(name, name) as play:
        both = duel(play, interval_ms=interval_ms, ipv6=ipv6)
        measuring = _Measuring(play, both)
        both.start()
        play.sleep(_DWELL)
        for number in range(times):
            for pair in both.pairs:
                if pair is both.pyvrrp or number < _OF_RIVAL:
                    first, second = pair.first, pair.second
                    measuring.move("stop", pair, first.stop, second.name)
                    measuring.move("failback", pair, first.start, first.name)
            _drain_and_resign(measuring, both.pyvrrp)
        both.finish()
    play.raise_error()
    _tell(outcome, name, measuring, both)


def _drain_and_resign(measuring: _Measuring, pair: Pair) -> None:
    """What only pyvrrp has: `drain`, `undrain`, and `resign` in both directions."""
    first, second = pair.first, pair.second
    measuring.move("drain", pair, lambda: first.order("drain"), second.name)
    measuring.move("undrain", pair, lambda: first.order("undrain"), first.name)
    measuring.move("resign", pair, lambda: first.order("resign"), second.name)
    # At 10 ms a busy machine may have moved it back already: then there is nothing to resign.
    if measuring.play.holders(pair.address) == [second.name]:
        measuring.move("resign back", pair, lambda: second.order("resign"), first.name)


def _tell(outcome: FaultReport, name: str, measuring: _Measuring, both: Duel) -> None:
    ours, theirs = both.pairs
    for what in ("stop", "drain", "resign", "resign back", "failback", "undrain"):
        lost = measuring.lost(what, ours)
        outcome.rows.append(Row(f"{name}: {what}, datagrams lost", "pyvrrp", lost, unit="count"))
        if what not in {"failback", "undrain"}:
            target = f"{name}: {what}, datagrams lost in {len(lost)} moves"
            outcome.targets.append(
                Target(target, str(sum(lost)), "0", bool(lost) and sum(lost) == 0)
            )
        else:
            middle = statistics.median(lost or [float("inf")])
            outcome.targets.append(
                Target(
                    f"{name}: {what}, outage, median",
                    f"{middle:.0f} ms",
                    f"at most {_FAILBACK} ms",
                    middle <= _FAILBACK,
                )
            )
    for what in ("stop", "failback"):
        lost = measuring.lost(what, theirs)
        row = Row(f"{name}: {what}, datagrams lost", "keepalived", lost, unit="count")
        outcome.rows.append(row)
