"""A node that holds enough leaves a second service to a third node, and takes it if there is none.

`max_held = 1`, three nodes, two services. The holder of one service dies. Its first standby is busy
with the other service, so the idle node takes it. The idle node dies too: the busy node is the only
one left, and takes both. (D8)
"""

from collections.abc import Iterator

from plays.play import Play
from plays.service_file import address_of, build, file_for
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_WEB, _DB = address_of(1), address_of(2)
_ORDERS = {"web": ("n1", "n2", "n3"), "db": ("n2", "n1", "n3")}
_START = 5.0


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("a crowded node", str(setting), options.listen) as play:
        text = file_for(_ORDERS, setting.interval_ms, head="max_held = 1\n")
        nodes = build(play, ("n1", "n2", "n3"), text)
        play.begin()
        play.mark("all start")
        for node in nodes.values():
            node.start()
        play.wait_for_holder(_WEB, "n1", within=_START)
        play.wait_for_holder(_DB, "n2", within=_START)
        died = play.mark("n2's power fails")
        nodes["n2"].power_off()
        limit = setting.master_down_interval(234) + NOISE
        play.wait_for_holder(_DB, "n3", within=limit)
        play.sleep(2 * setting.master_down_interval(244))
        play.equal("who got db", play.succession(_DB, died)[-1:], ["n3"])
        play.equal("who has had web since", play.succession(_WEB, died), ["n1"])
        play.mark("n3's power fails")
        nodes["n3"].power_off()
        twice = 2 * setting.master_down_interval(244) + NOISE
        play.wait_for_holder(_DB, "n1", within=twice)
        play.equal("who has web", play.holders(_WEB), ["n1"])
        play.mark("n2 is back")
        nodes["n2"].power_on()
        nodes["n2"].start()
        play.wait_for_holder(_DB, "n2", within=_START)
        play.never_two(_WEB, limit=HAND_OVER)
        play.never_two(_DB, limit=HAND_OVER)
    yield play.result()
