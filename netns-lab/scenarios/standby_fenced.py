"""Manual failback: the preferred node is back and stays BACKUP. Then the other's service dies.

The address returns to the preferred node without an operator: `preempt = false` only keeps a node
from taking the address from one that serves. With both well again, nothing moves. (A9) keepalived
beside it, with `nopreempt` and a script that lowers the priority by 150: it does not move.
"""

import time
from collections.abc import Iterator

from experiments.duel import duel
from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.setting import NOISE

from scenarios import Options

NEEDS = ("pyvrrp", "keepalived")
_FALL = 2 * 0.2 + 0.2
_FALL_OF_RIVAL = 3.3
_CHECK = """checks = ["web"]
hold_down = { initial = "0s" }

[check.web]
http = "http://127.0.0.1:8080/health"
interval = "200ms"
timeout = "200ms"
"""


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("manual failback, and back", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, preempt=False, more=_CHECK, weight=-150)
        both.each(lambda pair: [node.web() for node in (pair.first, pair.second)])
        both.start(clients=False)
        pair, rival = both.pairs
        skew = both.setting.skew_time(100)
        fall = play.mark("the preferred node's service dies")
        both.each(lambda each: each.first.serve("500"))
        play.wait_for_holder(pair.address, pair.second.name, within=_FALL + skew + NOISE)
        play.sleep(fall + _FALL_OF_RIVAL - time.time())
        play.figure("keepalived: who has the address", play.holders(rival.address))
        well = play.mark("it is well again")
        both.each(lambda each: each.first.serve("200"))
        play.sleep(2.2)  # keepalived's script has passed twice
        play.equal("who has the address", play.succession(pair.address, well), [pair.second.name])
        play.mark("the other node's service dies")
        # keepalived may have stayed where it was: break whoever serves.
        serving = rival.first if play.holders(rival.address) == [rival.first.name] else rival.second
        serving.serve("500")
        pair.second.serve("500")
        play.wait_for_holder(pair.address, pair.first.name, within=_FALL + skew + NOISE)
        home = play.mark("both are well")
        pair.second.serve("200")
        play.sleep(1.0)
        play.equal("who has the address", play.succession(pair.address, home), [pair.first.name])
        play.never_two(pair.address)
        play.sleep(home + 1.5 - time.time())
        dead = play.holders(rival.address) == [serving.name]
        play.figure("keepalived: the address stays where the service is dead", dead)
    yield play.result()
