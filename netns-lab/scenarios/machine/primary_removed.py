"""The master loses its primary address, and gets it back; keepalived beside it.

A router without a primary address cannot advertise: it removes the virtual address, says why, and
the standby serves. This also holds where the kernel would make a virtual address the primary one
(promote_secondaries). With its address back, the router takes part again and is master.
"""

from collections.abc import Iterator

from plays.duel import Duel, Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_OWN = {"pyvrrp": "10.9.0.1/24", "keepalived": "10.8.0.1/24"}


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("the primary address is removed", f"{interval_ms} ms", options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        both.start(clients=False)
        for promote in (0, 1):
            for pair in both.pairs:
                _promote(pair, promote)
            removed = play.mark(f"the primary address goes, promote_secondaries = {promote}")
            both.each(lambda pair: pair.first.ip(f"address del {_own(pair)} dev eth0"))
            play.sleep(both.down + 0.3)
            _judge_loss(play, both, removed)
            play.mark("the primary address is back")
            both.each(lambda pair: pair.first.ip(f"address add {_own(pair)} dev eth0"))
            pair = both.pyvrrp
            returns = both.setting.master_down_interval(200) + NOISE
            play.wait_for_holder(pair.address, pair.first.name, within=returns)
        play.never_two(both.pyvrrp.address, limit=HAND_OVER)
        rival = both.keepalived
        play.figure("keepalived: who has the address in the end", play.holders(rival.address))
    yield play.result()


def _own(pair: Pair) -> str:
    return _OWN[pair.implementation]


def _promote(pair: Pair, promote: int) -> None:
    names = ("all", "eth0")
    pair.first.host.tune({f"ipv4/conf/{name}/promote_secondaries": promote for name in names})


def _judge_loss(play: Play, both: Duel, removed: float) -> None:
    pair = both.pyvrrp
    new = pair.second.name
    play.wait_for_holder(pair.address, new, within=both.down + NOISE, since=removed)
    states = play.timeline.events("state", pair.first.name, after=removed)
    reasons = [f"{event.what['state']}: {event.what['reason']}" for event in states]
    told = any("INIT" in reason and "no primary address" in reason for reason in reasons)
    play.check("the old master says why", reasons, "INIT: no primary address", passed=told)
    rival = both.keepalived
    play.figure("keepalived: who has the address then", play.holders(rival.address))
