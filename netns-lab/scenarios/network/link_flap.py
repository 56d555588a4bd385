"""The master's link goes down and up, ten times in four seconds; keepalived beside it.

No node keeps an address on a dead link, and no two nodes that hear each other have it together.
When the link is steady, the better node has the address again.
"""

from collections.abc import Iterator

from plays.duel import duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_FLAPS = 10
_DOWN, _UP = 0.12, 0.28


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play(f"{_FLAPS} flaps", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        both.start()
        before = both.pyvrrp.first.host.addresses("eth0")
        began = play.mark("the links of the masters begin to flap")
        for _flap in range(_FLAPS):
            both.each(lambda pair: pair.segment.cut(pair.first.host))
            play.sleep(_DOWN)
            both.each(lambda pair: pair.segment.heal(pair.first.host))
            play.sleep(_UP)
        steady = play.mark("the links are steady")
        pair = both.pyvrrp
        within = both.setting.master_down_interval(200) + NOISE
        play.wait_for_holder(pair.address, pair.first.name, within=within)
        play.sleep(1.2)
        both.finish()
        play.never_two(pair.address, began, HAND_OVER)
        play.equal(
            "its addresses afterwards", sorted(pair.first.host.addresses("eth0")), sorted(before)
        )
        play.equal(
            "what follows", play.succession(pair.address, steady + within), [pair.first.name]
        )
        for each in both.pairs:
            missed = each.client.longest_outage(began)
            lost = each.client.lost(began)
            play.figure(
                f"{each.implementation}: the client's longest outage",
                f"{missed * 1000:.0f} ms, {lost} datagrams lost in all",
            )
    yield play.result()
