"""Duplex: two nodes, each master of one service and standby of the other.

Each node holds its own service (D1). One node loses its power, and the other one holds all (D2).
The node comes back: a service with automatic failback returns to it, and the client misses nothing;
a service with manual failback stays until its holder resigns (D3). One service of a node dies, and
only that service moves (D4).
"""

from collections.abc import Iterator

from drivers.toml_text import http_check
from plays.node import LabNode
from plays.opening import start_in_turn
from plays.play import Play
from plays.service_file import address_of, build, file_for
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_WEB, _MAIL, _FILES = (address_of(number) for number in (1, 2, 3))
_ORDERS = {"web": ("n1", "n2"), "mail": ("n2", "n1"), "files": ("n1", "n2")}
_MORE = {"web": 'checks = ["web"]', "mail": 'checks = ["mail"]', "files": "preempt = false"}
_CHECKS = http_check("web") + http_check("mail", url="http://127.0.0.1:8081/health")
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 6.0  # an interpreter on a busy machine, and two passes


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    down = setting.master_down_interval(244)
    with Play("duplex", str(setting), options.listen) as play:
        text = file_for(_ORDERS, setting.interval_ms, more=_MORE, tail=_CHECKS)
        n1, n2 = build(play, ("n1", "n2"), text).values()
        for node in (n1, n2):
            node.web()
            node.web(port=8081)
        client = play.client("client", _WEB, "10.9.0.9/24")
        play.begin()
        start_in_turn(play, n1, n2, _FILES, _START)
        play.wait_for_holder(_WEB, "n1", within=_START)
        play.wait_for_holder(_MAIL, "n2", within=2 * _START)
        died = play.mark("n1's power fails")
        n1.power_off()
        play.wait_for_holder(_WEB, "n2", within=down + NOISE)
        play.wait_for_holder(_FILES, "n2", within=down + NOISE)
        play.equal("who has had mail since", play.succession(_MAIL, died), ["n2"])
        client.start()
        back = play.mark("n1 is back")
        n1.power_on()
        n1.start()
        play.wait_for_holder(_WEB, "n1", within=_START + HAND_OVER)
        play.sleep(setting.master_down_interval(254))
        play.equal("who has files, which does not preempt", play.holders(_FILES), ["n2"])
        play.equal("who has had mail since", play.succession(_MAIL, back), ["n2"])
        client.finish()
        play.equal("datagrams to web lost when it returns", client.lost(back), 0)
        play.mark("files resigns on n2")
        n2.order("resign", "files")
        play.wait_for_holder(_FILES, "n1", within=setting.skew_time(254) + NOISE + HAND_OVER)
        _one_service_dies(play, n1, setting)
        for address in (_WEB, _MAIL, _FILES):
            play.never_two(address, limit=HAND_OVER)
    yield play.result()


def _one_service_dies(play: Play, node: LabNode, setting: Setting) -> None:
    dead = play.mark("the web server of n1 dies")
    node.serve("500")
    play.wait_for_holder(_WEB, "n2", within=_CHECK_TIME + setting.skew_time(244) + NOISE)
    play.sleep(setting.master_down_interval(244))
    play.equal("who has had mail since", play.succession(_MAIL, dead), ["n2"])
    play.equal("who has had files since", play.succession(_FILES, dead), ["n1"])
