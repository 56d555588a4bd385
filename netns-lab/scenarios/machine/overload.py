"""The processors are overloaded four times for seven seconds; keepalived beside it.

Four busy programs for each processor compete with the daemons, which have no special priority, at
an interval of 100 ms. No standby takes over because of that, and `pyvrrp status` answers.
"""

import os
import time
from collections.abc import Iterator
from itertools import pairwise

from plays.duel import Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
ALONE = True
_LASTS = 7
_TIMES = 4
_ANSWERS = 5.0  # a whole Python has to start under that load


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    setting = f"{interval_ms} ms, {_TIMES} x {os.cpu_count()} busy programs"
    with Play("the processor is overloaded", setting, options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        both.start(clients=False)
        began = play.mark("overload begins")
        busy = ("timeout", str(_LASTS), "sh", "-c", "while :; do :; done")
        for _program in range(_TIMES * (os.cpu_count() or 1)):
            both.pyvrrp.client.host.spawn(*busy)
        play.sleep(_LASTS / 2)
        asked = time.monotonic()
        answer = both.pyvrrp.first.command("status", "--json")
        play.at_most("pyvrrp status answers", time.monotonic() - asked, _ANSWERS)
        play.equal("its exit status", answer.returncode, 0)
        play.sleep(max(0.0, began + _LASTS - time.time()))
        play.mark("overload ends")
        play.sleep(3 * both.setting.interval)
        for pair in both.pairs:
            _judge(play, pair, began)
    yield play.result()


def _judge(play: Play, pair: Pair, began: float) -> None:
    name = pair.implementation
    moves = play.succession(pair.address, began)
    claims = play.timeline.advertisements(pair.second.name, after=began)
    times = [event.time for event in play.timeline.advertisements(pair.first.name, after=began)]
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    play.figure(f"{name}: longest between two advertisements", f"{gap * 1000:.0f} ms")
    if name == "pyvrrp":
        play.equal("who has the address", moves, [pair.first.name])
        play.equal("claims of the standby", len(claims), 0)
    else:
        play.figure("keepalived: who has the address", moves)
