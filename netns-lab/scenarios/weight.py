"""A check with a weight fails: the master's priority falls below the standby's.

The standby preempts it; the master serves until then, so the client misses not one datagram, and
none when the check passes again and the address comes home. If both are ill, the
better of the two has the address.
"""

from collections.abc import Iterator

from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.setting import HAND_OVER, NOISE, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)
_ADDRESS = "10.9.0.100"
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 5.0
_CONFIGURATION = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = {priority}
addresses = ["10.9.0.100/24"]
advertisement_interval = "{interval_ms}ms"
checks = [{{ name = "cache", weight = -60 }}]

[check.cache]
http = "http://127.0.0.1:8080/"
interval = "200ms"
timeout = "200ms"
"""


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("a check with a weight", str(setting), options.listen) as play:
        r1, r2 = (play.node(f"r{number}", f"10.9.0.{number}/24") for number in (1, 2))
        for node, priority in ((r1, 150), (r2, 100)):
            node.web()
            node.echo()
            node.pyvrrp(_CONFIGURATION.format(priority=priority, interval_ms=setting.interval_ms))
        client = play.client("client", _ADDRESS, "10.9.0.9/24")
        play.begin()
        play.mark("r1 starts, then r2")
        r1.start()
        play.wait_for_holder(_ADDRESS, "r1", within=_START)
        r2.start()
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
