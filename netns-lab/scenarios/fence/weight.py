"""A check with a weight fails: the master's priority falls below the standby's.

The standby preempts the master, which serves until then: the client loses no datagram, and none
when the check passes again and the address returns. If both checks fail, the node with the higher
priority has the address.
"""

from collections.abc import Iterator
from functools import partial

from drivers.toml_text import http_check, virtual_router
from plays.opening import start_in_turn, two_nodes
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_ADDRESS = "10.9.0.100"
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 5.0


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("a check with a weight", str(setting), options.listen) as play:
        r1, r2 = two_nodes(play, partial(_configuration, setting.interval_ms), (150, 100))
        for node in (r1, r2):
            node.web()
            node.echo()
        client = play.client("client", _ADDRESS, "10.9.0.9/24")
        play.begin()
        start_in_turn(play, r1, r2, _ADDRESS, _START)
        client.start()
        play.sleep(1.0)
        began = play.mark("r1's cache dies: 150 - 60 = 90")
        r1.serve("500")
        limit = _CHECK_TIME + setting.master_down_interval(100) + NOISE + HAND_OVER
        play.wait_for_holder(_ADDRESS, "r2", within=limit)
        play.mark("r2's cache dies too: 100 - 60 = 40")
        r2.serve("500")
        play.wait_for_holder(_ADDRESS, "r1", within=limit)
        play.mark("both are well")
        for node in (r1, r2):
            node.serve("200")
        play.sleep(_CHECK_TIME + setting.master_down_interval(100) + NOISE)
        client.finish()
        play.equal("who has had it", play.succession(_ADDRESS, began), ["r1", "r2", "r1"])
        play.equal("datagrams lost", client.lost(began), 0)
        play.never_two(_ADDRESS, began, HAND_OVER)
    yield play.result()


def _configuration(interval_ms: int, priority: int) -> str:
    keys = (f"priority = {priority}", 'checks = [{ name = "cache", weight = -60 }]')
    return virtual_router("web", 51, [f"{_ADDRESS}/24"], interval_ms, *keys) + http_check("cache")
