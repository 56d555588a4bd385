"""Manual failback (`preempt = false`): the address returns to the preferred node only by `resign`.

The power of the preferred node fails and returns: the node stays BACKUP, also after a restart of
its daemon. `resign` while its service is dead moves nothing and says so. When its service works,
`resign` moves the address once, and the client misses nothing. (A8)
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
_WEB = address_of(1)
_MORE = {"web": 'preempt = false\nhold_down = { initial = "0s" }\nchecks = ["web"]'}
_CHECK_TIME = 2 * 0.2 + 0.2
_START = 6.0


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("manual failback", str(setting), options.listen) as play:
        text = file_for(
            {"web": ("n1", "n2")}, setting.interval_ms, more=_MORE, tail=http_check("web")
        )
        n1, n2 = build(play, ("n1", "n2"), text).values()
        for node in (n1, n2):
            node.web()
        client = play.client("client", _WEB, "10.9.0.9/24")
        play.begin()
        start_in_turn(play, n1, n2, _WEB, _START)
        _stands_by(play, n2)
        play.mark("n1's power fails")
        n1.power_off()
        play.wait_for_holder(_WEB, "n2", within=setting.master_down_interval(244) + NOISE)
        back = play.mark("n1 is back")
        n1.power_on()
        n1.start()
        _stands_by(play, n1)
        n1.stop()
        n1.start()
        _stands_by(play, n1)
        play.sleep(2 * setting.master_down_interval(254))
        play.equal("who has it since", play.succession(_WEB, back), ["n2"])
        client.start()
        refused = _resigns_in_vain(play, n1, n2, setting)
        resigned = play.mark("n2 resigns")
        n2.order("resign", "web")
        play.wait_for_holder(_WEB, "n1", within=setting.skew_time(254) + NOISE + HAND_OVER)
        play.sleep(setting.master_down_interval(244))
        client.finish()
        play.equal("who has had it since", play.succession(_WEB, resigned), ["n2", "n1"])
        play.equal("datagrams lost since the first resign of n2", client.lost(refused), 0)
        play.never_two(_WEB, limit=HAND_OVER)
    yield play.result()


def _resigns_in_vain(play: Play, preferred: LabNode, holder: LabNode, setting: Setting) -> float:
    """Have the holder resign while the other one's service is dead; return when."""
    refused = play.mark(f"{holder.name} resigns while {preferred.name}'s service is dead")
    preferred.serve("500")
    play.wait(lambda: "fenced by web" in _status(preferred), f"{preferred.name} is fenced")
    resigned = holder.command("resign", "web")
    play.equal("exit status of resign", resigned.returncode, 1)
    said = resigned.stderr.strip()
    play.check("it says why", said, "nobody took over", passed="nobody took over" in said)
    play.sleep(2 * setting.interval)
    play.equal("who has it since", play.succession(_WEB, refused), [holder.name])
    preferred.serve("200")
    _stands_by(play, preferred)
    play.sleep(setting.master_down_interval(254))
    return refused


def _stands_by(play: Play, node: LabNode) -> None:
    play.wait(lambda: "BACKUP" in _status(node), f"{node.name} stands by")


def _status(node: LabNode) -> str:
    return node.command("status", "web").stdout
