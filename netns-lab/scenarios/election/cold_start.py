"""Two machines are switched on, in any order, with any time between them.

Each time the better one has the address in the end. Two never have it together, except for the
moment in which a master that started earlier hands over to a better one. No node serves before its
check has passed. (A1)
"""

from collections.abc import Iterator

from drivers.toml_text import fenced_by_web
from plays.duel import Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_PROCESS = 2.0  # a daemon from its process to its first timer
_HEALTHY = 2 * 0.2 + 0.1  # rise x interval, and the probe itself
_CHECK = fenced_by_web('ceiling = "5s"')
# Who starts second, and how much later: together, within and beyond Master_Down_Interval.
_ORDERS = (("b", 0.0), ("b", 0.2), ("a", 0.2), ("a", 1.6))


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("cold starts", f"{interval_ms} ms, IPv4, a check", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, more=_CHECK, rivals=("pyvrrp",))
        pair = both.pyvrrp
        for node in (pair.first, pair.second):
            node.web()
        play.begin()
        within = _PROCESS + _HEALTHY + both.setting.master_down_interval(200) + NOISE
        for late, distance in _ORDERS:
            began = _start(play, pair, late, distance)
            play.wait_for_holder(pair.address, pair.first.name, within=within)
            play.sleep(both.down)
            # Processes that start together may come up in either order.
            play.never_two(pair.address, began, HAND_OVER)
            for node in (pair.second, pair.first):
                node.stop()
        _sick(play, pair, both.down)
    yield play.result()


def _start(play: Play, pair: Pair, late: str, distance: float) -> float:
    nodes = (pair.first, pair.second) if late == "b" else (pair.second, pair.first)
    began = play.mark(f"{nodes[0].name} starts")
    nodes[0].start()
    play.sleep(distance)
    play.mark(f"{nodes[1].name} starts")
    nodes[1].start()
    return began


def _sick(play: Play, pair: Pair, down: float) -> None:
    """Start the better one while its service is dead: it must not have the address for a moment."""
    pair.first.serve("500")
    began = _start(play, pair, "b", 0.0)
    limit = _PROCESS + _HEALTHY + down + NOISE
    play.wait_for_holder(pair.address, pair.second.name, within=limit)
    play.sleep(0.5)
    play.equal("who had it", play.succession(pair.address, began), [pair.second.name])
