"""A partition heals: the worst a client goes through afterwards."""

from plays.duel import duel
from plays.play import Play
from report.benchmark import FaultReport, Row

_INTERVAL_MS = 100
_WORST = 0.1
_SETTLE = 1.2  # a Linux client accepts no second change of a neighbour within a second
_ANSWERED = 0.1  # between what is measured and the next partition
_LATER = 6.5  # seconds: keepalived's clients may get no answer for up to 5.9 s


def partition(outcome: FaultReport, times: int) -> None:
    """Cut the master off and heal it, at evenly spread phases of the advertisements."""
    with Play("partition heal", "100 ms") as play:
        both = duel(play, interval_ms=_INTERVAL_MS)
        both.start()
        play.sleep(_SETTLE)
        windows = []
        for number in range(times):
            play.mark(f"partition {number + 1}")
            both.each(lambda pair: pair.segment.mute(pair.first.host))
            play.sleep(2 * both.down + _SETTLE + (number / times) * both.setting.interval)
            healed = play.mark("healed")
            both.each(lambda pair: pair.segment.heal(pair.first.host))
            play.sleep(_LATER if number % 4 == 3 else 2 * _SETTLE)
            windows.append((healed, play.mark("settled")))
            play.sleep(_ANSWERED)
        both.finish()
    play.raise_error()
    what = "partition heals at 100 ms: the client's longest outage"
    for pair in both.pairs:
        values = [pair.client.longest_outage(*window) for window in windows]
        outcome.rows.append(Row(what, pair.implementation, values))
        if pair is both.pyvrrp:
            outcome.judge(f"{what}, worst of {times}", max(values), _WORST, "100 ms")
