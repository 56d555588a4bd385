"""A firewall between two nodes drops VRRP and lets everything else pass.

This is the most common reason for two masters. With `claim_probe = "refuse"` the standby asks who
has the address, learns that the master has it, and claims nothing as long as that is so; when the
master's machine dies, it takes over. With `"warn"` it takes over in time and reports the conflict,
and both masters show each other in `status`. When VRRP passes again there is one master.
"""

from collections.abc import Iterator
from functools import partial

from drivers.toml_text import virtual_router
from plays.node import LabNode
from plays.opening import two_nodes
from plays.play import Play
from pyvrrp.testing.commands import run
from pyvrrp.testing.segment import Segment
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_START = 5.0
_ASKS = 0.15
_REFUSED, _WARNED = "10.9.0.100", "10.9.0.200"
_DROP = """
add table bridge filter
add chain bridge filter forward {{ type filter hook forward priority 0; }}
{verb} chain bridge filter forward
add rule bridge filter forward ip protocol 112 drop
"""


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("VRRP is filtered", str(setting), options.listen) as play:
        r1, r2 = two_nodes(play, partial(_configuration, setting.interval_ms))
        play.begin()
        play.mark("r1 starts, then r2")
        r1.start()
        for address in (_REFUSED, _WARNED):
            play.wait_for_holder(address, "r1", within=_START)
        r2.start()
        play.wait(lambda: _listens(r2), "r2 listens")
        _filter(play, setting, (r1, r2))
        play.mark("VRRP passes again")
        _nft(play.lan, "flush ruleset")
        play.wait_for_holder(_WARNED, "r1", within=setting.interval + NOISE)
        play.sleep(0.5)
        play.equal("r2 waits for nothing any more", _waits_for(r2), "")
        play.mark("VRRP is filtered once more")
        _nft(play.lan, _DROP.format(verb="flush"))
        play.sleep(setting.master_down_interval(100) + _ASKS + NOISE)
        play.equal("who has the address", play.holders(_REFUSED), ["r1"])
        play.mark("r1's machine dies")
        r1.power_off()
        # It asks again every second, and then three times.
        play.wait_for_holder(_REFUSED, "r2", within=1.0 + _ASKS + NOISE)
        play.equal("r2 has claimed nothing against an answer", _count(r2, "claims_contested"), 0)
    yield play.result()


def _filter(play: Play, setting: Setting, nodes: tuple[LabNode, LabNode]) -> None:
    r1, r2 = nodes
    began = play.mark("VRRP is filtered")
    _nft(play.lan, _DROP.format(verb="flush"))
    down = setting.master_down_interval(100)
    play.wait(lambda: "r2" in play.holders(_WARNED), "r2 takes over, as without an answer")
    taken = play.held(_WARNED, began)["r2"][0][0]
    play.at_most('"warn" takes over in time', taken - began, down + NOISE)
    play.sleep(1.2)  # masters look for another holder after a second
    play.equal('"refuse": who has had the address', play.succession(_REFUSED, began), ["r1"])
    mac = r1.host.macs["eth0"].hex(":")
    play.equal("what r2 waits for", _waits_for(r2), f"{mac} to have {_REFUSED} no longer")
    contested = [event["text"] for event in r2.daemon_events("claim_contested")]
    words = f"claimed although {_WARNED} is at {mac}"
    play.check("r2 says", contested, words, passed=any(words in str(text) for text in contested))
    play.equal("r2 warned once", _count(r2, "claims_contested", "warn"), 1)
    for node, other in ((r1, r2), (r2, r1)):
        seen = [holder["mac"] for holder in node.virtual_router("warn")["other_holders"]]
        play.equal(f"{node.name} sees", seen, [other.host.macs["eth0"].hex(":")])
    play.never_two(_REFUSED, began, HAND_OVER)


def _configuration(interval_ms: int, priority: int) -> str:
    return "".join(
        virtual_router(
            *(policy, vrid, [f"{address}/24"], interval_ms),
            *(f"priority = {priority}", f'claim_probe = "{policy}"'),
        )
        for policy, vrid, address in (("refuse", 51, _REFUSED), ("warn", 52, _WARNED))
    )


def _nft(segment: Segment, rules: str) -> None:
    run("ip", "netns", "exec", segment.namespace, "nft", "-f", "-", text=rules)


def _listens(node: LabNode) -> bool:
    return all("BACKUP" in node.command("status", name).stdout for name in ("refuse", "warn"))


def _waits_for(node: LabNode) -> object:
    return node.virtual_router("refuse")["fence"]["waits_for"]


def _count(node: LabNode, counter: str, name: str = "refuse") -> object:
    return node.virtual_router(name)["counters"][counter]
