"""Manual failback: the preferred node is back and stays BACKUP. Then the other service dies.

The address returns to the preferred node without an operator: `preempt = false` only keeps a node
from taking the address from one that serves. When both services work again, nothing moves. (A9)
keepalived beside it, with `nopreempt` and a script that lowers the priority by 150, does not move.
"""

import time
from collections.abc import Iterator

from drivers.toml_text import fenced_by_web
from plays.duel import duel
from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_FALL = 2 * 0.2 + 0.2
_FALL_OF_RIVAL = 3.3
_CHECK = fenced_by_web('initial = "0s"')


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("manual failback, and back", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, preempt=False, more=_CHECK, weight=-150)
        both.each_node(LabNode.web)
        both.start(clients=False)
        pair, rival = both.pairs
        skew = both.setting.skew_time(100)
        fall = play.mark("the preferred node's service dies")
        both.each(lambda each: each.first.serve("500"))
        play.wait_for_holder(pair.address, pair.second.name, within=_FALL + skew + NOISE)
        play.sleep(fall + _FALL_OF_RIVAL - time.time())
        play.figure("keepalived: who has the address", play.holders(rival.address))
        works = play.mark("its service works again")
        both.each(lambda each: each.first.serve("200"))
        play.sleep(2.2)  # keepalived's script has passed twice
        play.equal("who has the address", play.succession(pair.address, works), [pair.second.name])
        play.mark("the other node's service dies")
        # keepalived may have stayed where it was: the service of the node that serves fails.
        serving = rival.first if play.holders(rival.address) == [rival.first.name] else rival.second
        serving.serve("500")
        pair.second.serve("500")
        play.wait_for_holder(pair.address, pair.first.name, within=_FALL + skew + NOISE)
        since = play.mark("both services work")
        pair.second.serve("200")
        play.sleep(1.0)
        play.equal("who has the address", play.succession(pair.address, since), [pair.first.name])
        play.never_two(pair.address)
        play.sleep(since + 1.5 - time.time())
        dead = play.holders(rival.address) == [serving.name]
        play.figure("keepalived: the address stays where the service is dead", dead)
    yield play.result()
