"""The service dies on every node.

By default nobody holds the address then, every node says so loudly, and `pyvrrp status NAME` ends
with status 1. With `when_all_fail = "last-resort"` the better node serves all the same after five
Master_Down_Intervals; whoever is healthy first takes over from it although `preempt` is off, and
the client of that moment hardly notices. (A11)
"""

from collections.abc import Iterator

from experiments.node import Node
from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.setting import HAND_OVER, NOISE, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)
_RELEASED, _DESPERATE = "10.9.0.100", "10.9.0.200"
# A last resort lets go at once, since its service is dead: what is on its way may be lost.
_HARDLY_ANY = 50
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 5.0
_CONFIGURATION = """
[[virtual_router]]
name = "released"
interface = "eth0"
vrid = 51
priority = {priority}
addresses = ["10.9.0.100/24"]
advertisement_interval = "{interval_ms}ms"
checks = ["web"]
hold_down = {{ initial = "0s" }}

[[virtual_router]]
name = "desperate"
interface = "eth0"
vrid = 52
priority = {priority}
addresses = ["10.9.0.200/24"]
advertisement_interval = "{interval_ms}ms"
preempt = false
checks = ["web"]
when_all_fail = "last-resort"
hold_down = {{ initial = "0s" }}

[check.web]
http = "http://127.0.0.1:8080/health"
interval = "200ms"
timeout = "200ms"
"""


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("the service dies everywhere", str(setting), options.listen) as play:
        r1, r2 = (play.node(f"r{number}", f"10.9.0.{number}/24") for number in (1, 2))
        for node, priority in ((r1, 200), (r2, 100)):
            node.web()
            node.echo()
            node.pyvrrp(_CONFIGURATION.format(priority=priority, interval_ms=setting.interval_ms))
        client = play.client("client", _DESPERATE, "10.9.0.9/24")
        play.begin()
        play.mark("r1 starts, then r2")
        r1.start()
        play.wait_for_holder(_DESPERATE, "r1", within=_START)
        r2.start()
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
        home = _CHECK_TIME + setting.master_down_interval(200) + NOISE + HAND_OVER
        play.wait_for_holder(_RELEASED, "r1", within=home)
        client.finish()
        lost = client.lost(well)
        most = f"at most {_HARDLY_ANY}"
        what = "datagrams lost when the last resort gave way"
        play.check(what, lost, most, passed=lost <= _HARDLY_ANY)
        play.equal("who had it since", play.succession(_DESPERATE, well), ["r1", "r2"])
    yield play.result()


def _die(play: Play, setting: Setting, nodes: tuple[Node, Node]) -> None:
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


def _alarmed(node: Node) -> bool:
    return "NOBODY SERVES" in node.command("status", "released").stdout


def _status(node: Node) -> list[int]:
    return [node.command("status", name).returncode for name in ("released", "desperate")]
