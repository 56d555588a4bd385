"""Duplex: two nodes, each master of one service and standby of the other.

Each holds its own (D1). One loses its power, and the other carries all (D2). It comes back: what
has automatic failback goes home and its client misses nothing, what has manual failback stays until
it resigns (D3). One service of a node dies, and that one alone moves (D4).
"""

from collections.abc import Iterator

from experiments.node import Node
from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.services import address_of, build, file_for
from experiments.setting import HAND_OVER, NOISE, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)
_WEB, _MAIL, _FILES = (address_of(number) for number in (1, 2, 3))
_ORDERS = {"web": ("n1", "n2"), "mail": ("n2", "n1"), "files": ("n1", "n2")}
_MORE = {"web": 'checks = ["web"]', "mail": 'checks = ["mail"]', "files": "preempt = false"}
_CHECKS = """
[check.web]
http = "http://127.0.0.1:8080/health"
interval = "200ms"
timeout = "200ms"

[check.mail]
http = "http://127.0.0.1:8081/health"
interval = "200ms"
timeout = "200ms"
"""
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 6.0  # an interpreter on a busy machine, and two passes


def experiments(options: Options) -> Iterator[ExperimentResult]:
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
        play.mark("n1 starts, then n2")
        n1.start()
        play.wait_for_holder(_FILES, "n1", within=_START)
        n2.start()
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
        play.equal("datagrams to web lost on the way home", client.lost(back), 0)
        play.mark("files resigns on n2")
        n2.order("resign", "files")
        play.wait_for_holder(_FILES, "n1", within=setting.skew_time(254) + NOISE + HAND_OVER)
        _one_service_dies(play, n1, setting)
        for address in (_WEB, _MAIL, _FILES):
            play.never_two(address, limit=HAND_OVER)
    yield play.result()


def _one_service_dies(play: Play, node: Node, setting: Setting) -> None:
    dead = play.mark("the web server of n1 dies")
    node.serve("500")
    play.wait_for_holder(_WEB, "n2", within=_CHECK_TIME + setting.skew_time(244) + NOISE)
    play.sleep(setting.master_down_interval(244))
    play.equal("who has had mail since", play.succession(_MAIL, dead), ["n2"])
    play.equal("who has had files since", play.succession(_FILES, dead), ["n1"])
