"""The service dies on every node.

By default no node holds the address then, every node reports it, and `pyvrrp status NAME` ends with
status 1. With `when_all_fail = "last-resort"` the better node serves nevertheless, after five
Master_Down_Intervals. The first node that becomes healthy takes over from it, although `preempt` is
off, and the client loses at most 50 datagrams. (A11)
"""

from collections.abc import Iterator
from functools import partial

from drivers.toml_text import http_check, virtual_router
from plays.node import LabNode
from plays.opening import start_in_turn, two_nodes
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_RELEASED, _DESPERATE = "10.9.0.100", "10.9.0.200"
# A last resort lets go at once, since its service is dead: what is on its way may be lost.
_HARDLY_ANY = 50
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 5.0


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("the service dies everywhere", str(setting), options.listen) as play:
        r1, r2 = two_nodes(play, partial(_configuration, setting.interval_ms))
        for node in (r1, r2):
            node.web()
            node.echo()
        client = play.client("client", _DESPERATE, "10.9.0.9/24")
        play.begin()
        start_in_turn(play, r1, r2, _DESPERATE, _START)
        play.wait_for_holder(_RELEASED, "r1", within=_START)
        play.sleep(_CHECK_TIME)
        _die(play, setting, (r1, r2))
        client.start()
        well = play.mark("r2's service is well")
        r2.serve("200")
        limit = _CHECK_TIME + setting.interval + setting.skew_time(100) + NOISE
        play.wait_for_holder(_DESPERATE, "r2", within=limit + HAND_OVER)
        play.wait_for_holder(_RELEASED, "r2", within=limit + setting.master_down_interval(100))
        play.equal("r2 is MASTER of both", _status(r2), [0, 0])
        play.mark("r1's service is well")
        r1.serve("200")
        returned = _CHECK_TIME + setting.master_down_interval(200) + NOISE + HAND_OVER
        play.wait_for_holder(_RELEASED, "r1", within=returned)
        client.finish()
        lost = client.lost(well)
        most = f"at most {_HARDLY_ANY}"
        what = "datagrams lost when the last resort gave way"
        play.check(what, lost, most, passed=lost <= _HARDLY_ANY)
        play.equal("who had it since", play.succession(_DESPERATE, well), ["r1", "r2"])
    yield play.result()


def _configuration(interval_ms: int, priority: int) -> str:
    fenced = (f"priority = {priority}", 'checks = ["web"]', 'hold_down = { initial = "0s" }')
    last_resort = ("preempt = false", 'when_all_fail = "last-resort"')
    return (
        virtual_router("released", 51, [f"{_RELEASED}/24"], interval_ms, *fenced)
        + virtual_router("desperate", 52, [f"{_DESPERATE}/24"], interval_ms, *fenced, *last_resort)
        + http_check("web")
    )


def _die(play: Play, setting: Setting, nodes: tuple[LabNode, LabNode]) -> None:
    """Let both services die: first nobody has anything, then the better one the one address."""
    died = play.mark("both services die")
    for node in nodes:
        node.serve("500")
    for address in (_RELEASED, _DESPERATE):
        play.wait_for_holder(address, "", within=_CHECK_TIME + NOISE, since=died)
    longest = 4 * setting.master_down_interval(200) + setting.master_down_interval(1)
    play.wait_for_holder(_DESPERATE, "r1", within=_CHECK_TIME + longest + NOISE, since=died)
    play.wait(lambda: all(_alarmed(node) for node in nodes), "each node says that nobody serves")
    play.equal("the address of the other one", play.holders(_RELEASED), [])
    play.equal("status of r1: released, desperate", _status(nodes[0]), [1, 0])
    play.equal("status of r2: released, desperate", _status(nodes[1]), [1, 1])
    shown = nodes[0].command("status", "desperate").stdout
    words = "last resort, although fenced by web: HTTP 500"
    play.check("r1 says why it serves", shown.splitlines()[2], words, passed=words in shown)
    play.never_two(_DESPERATE, died)


def _alarmed(node: LabNode) -> bool:
    return "NOBODY SERVES" in node.command("status", "released").stdout


def _status(node: LabNode) -> list[int]:
    return [node.command("status", name).returncode for name in ("released", "desperate")]
