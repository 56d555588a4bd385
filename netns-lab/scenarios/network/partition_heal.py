"""The switch stops forwarding for the master and starts again: a partition; keepalived beside it.

While the master is cut off both sides serve, as VRRP demands. Afterwards the better master keeps
the address, the other one releases it, and the address is announced again although its holder did
not change: the client misses at most one advertisement interval. keepalived's master may not know
that there was another master. Then its clients send to the wrong node until their neighbour tables
are corrected, up to 5.9 s.
"""

from collections.abc import Iterator

from plays.duel import duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_ROUNDS = 5
_SETTLE = 1.2  # a Linux client believes no second change of a neighbour within a second
_ANSWERED = 0.1  # between what is measured and the next partition


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play(f"{_ROUNDS} partitions", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        both.start()
        healed = []
        for number in range(_ROUNDS):
            play.mark(f"partition {number + 1}")
            both.each(lambda pair: pair.segment.mute(pair.first.host))
            # Healed at another phase of the advertisements each time.
            play.sleep(2 * both.down + (number / _ROUNDS) * both.setting.interval)
            healed.append(play.mark("healed"))
            both.each(lambda pair: pair.segment.heal(pair.first.host))
            play.sleep(_SETTLE)
        both.finish()
        windows = [(start, start + _SETTLE - _ANSWERED) for start in healed]
        for pair in both.pairs:
            worst = max(pair.client.longest_outage(*window) for window in windows)
            what = f"{pair.implementation}: the client's longest outage after healing"
            if pair is both.pyvrrp:
                play.at_most(what, worst, 0.1 + NOISE)
            else:
                play.figure(what, f"{worst * 1000:.0f} ms")
        pair = both.pyvrrp
        for start in healed:
            apart = start + both.setting.interval + NOISE
            overlap = play.longest_overlap(pair.address, apart, start + _SETTLE)
            play.at_most("two have it an interval after healing", overlap, 0.0)
        play.equal("who has it in the end", play.holders(pair.address), [pair.first.name])
    yield play.result()
