"""The web server accepts and never answers: how long until another node answers clients."""

import random

from benchmarks.pairs import PATIENCE
from drivers.toml_text import fenced_by_web
from plays.duel import LOW, Pair, duel
from plays.node import LabNode
from plays.play import Play
from report.benchmark import FaultReport, Row

_INTERVAL_MS = 1000
_FALL = 2 * 1.0 + 0.8
_CHECK = fenced_by_web('initial = "0s"', interval="1s", timeout="800ms")


def hang(outcome: FaultReport, times: int) -> None:
    """Let the master's web server hang, at random phases of the check, and answer again."""
    with Play("HTTP hang", "1 s") as play:
        both = duel(play, interval_ms=_INTERVAL_MS, more=_CHECK, weight=0)
        both.each_node(LabNode.web)
        both.start()
        play.sleep(2.5)  # the standby's check has passed too
        begun: dict[str, list[float]] = {pair.implementation: [] for pair in both.pairs}
        for _round in range(times):
            play.sleep(random.uniform(0.0, 1.0))
            for pair in both.pairs:
                begun[pair.implementation].append(play.mark(f"{pair.implementation}: hang"))
                pair.first.serve("hang")
            both.each(lambda pair: _wait(play, pair, pair.second.name))
            play.sleep(1.2)
            both.each(lambda pair: pair.first.serve("200"))
            both.each(lambda pair: _wait(play, pair, pair.first.name))
            play.sleep(1.2)
        both.finish()
    play.raise_error()
    what = "HTTP hang (1 s, timeout 0.8 s, 2 to fall) to the address answering elsewhere"
    for pair in both.pairs:
        values = [_elsewhere(pair, start) for start in begun[pair.implementation]]
        outcome.rows.append(Row(what, pair.implementation, values))
        if pair is both.pyvrrp:
            skew = both.setting.skew_time(LOW)
            said = f"2.8 s + Skew_Time, {(_FALL + skew) * 1000:.0f} ms"
            outcome.judge(f"{what}, slowest", max(values), _FALL + skew, said)


def _wait(play: Play, pair: Pair, node: str) -> None:
    play.wait(lambda: play.holders(pair.address) == [node], f"{node} to hold it", PATIENCE)


def _elsewhere(pair: Pair, start: float) -> float:
    observed = pair.client.observed
    runs = [] if observed is None else observed.runs
    answers = [run.start for run in runs if run.node == pair.second.name and run.start > start]
    return min(answers, default=float("inf")) - start
