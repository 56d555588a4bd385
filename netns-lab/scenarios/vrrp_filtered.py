"""A firewall between two nodes drops VRRP, and everything else passes.

Both would be master: what commonest makes two of them. With `claim_probe = "refuse"` the standby
asks who has the address, hears that the master has it, and claims nothing as long as that is so;
when the master's machine dies it takes over. With `"warn"` it takes over in time and says what is
the matter, and both show each other in `status`. When VRRP passes again there is one.
"""

import json
from collections.abc import Iterator

from experiments.node import Node
from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.setting import HAND_OVER, NOISE, Setting

from pyvrrp.testing.commands import run
from pyvrrp.testing.segment import Segment
from scenarios import Options

NEEDS = ("pyvrrp",)
_START = 5.0
_ASKS = 0.15
_REFUSED, _WARNED = "10.9.0.100", "10.9.0.200"
_ROUTER = """
[[virtual_router]]
name = "{policy}"
interface = "eth0"
vrid = {vrid}
priority = {priority}
addresses = ["{address}/24"]
advertisement_interval = "{interval_ms}ms"
claim_probe = "{policy}"
"""
_DROP = """
add table bridge filter
add chain bridge filter forward {{ type filter hook forward priority 0; }}
{verb} chain bridge filter forward
add rule bridge filter forward ip protocol 112 drop
"""


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("VRRP is filtered", str(setting), options.listen) as play:
        r1, r2 = (play.node(f"r{number}", f"10.9.0.{number}/24") for number in (1, 2))
        for node, priority in ((r1, 200), (r2, 100)):
            node.pyvrrp(_configuration(priority, setting.interval_ms))
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
        play.equal("r2 waits for nothing any more", _fence(r2)["waits_for"], "")
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


def _filter(play: Play, setting: Setting, nodes: tuple[Node, Node]) -> None:
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
    play.equal("what r2 waits for", _fence(r2)["waits_for"], f"{mac} to have {_REFUSED} no longer")
    contested = [event["text"] for event in _events(r2, "claim_contested")]
    words = f"claimed although {_WARNED} is at {mac}"
    play.check("r2 says", contested, words, passed=any(words in str(text) for text in contested))
    play.equal("r2 warned once", _count(r2, "claims_contested", "warn"), 1)
    for node, other in ((r1, r2), (r2, r1)):
        seen = [holder["mac"] for holder in _status(node, "warn")["other_holders"]]
        play.equal(f"{node.name} sees", seen, [other.host.macs["eth0"].hex(":")])
    play.never_two(_REFUSED, began, HAND_OVER)


def _configuration(priority: int, interval_ms: int) -> str:
    return "".join(
        _ROUTER.format(
            policy=policy, vrid=vrid, address=address, priority=priority, interval_ms=interval_ms
        )
        for policy, vrid, address in (("refuse", 51, _REFUSED), ("warn", 52, _WARNED))
    )


def _nft(segment: Segment, rules: str) -> None:
    run("ip", "netns", "exec", segment.namespace, "nft", "-f", "-", text=rules)


def _listens(node: Node) -> bool:
    return all("BACKUP" in node.command("status", name).stdout for name in ("refuse", "warn"))


def _status(node: Node, name: str) -> dict:
    return json.loads(node.command("status", name, "--json").stdout)["virtual_routers"][0]


def _fence(node: Node) -> dict:
    return _status(node, "refuse")["fence"]


def _count(node: Node, counter: str, name: str = "refuse") -> int:
    return _status(node, name)["counters"][counter]


def _events(node: Node, name: str) -> list[dict]:
    return node.daemon.events(name)
