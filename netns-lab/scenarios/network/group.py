"""A group: the inside and the outside address of a router are on one node, whatever fails.

The cable of one segment is pulled: both addresses move at the same moment (D5). The cable is
plugged in: both return. Then the two nodes do not hear each other in either segment, with links up:
both hold both addresses. One segment heals: the lower node releases both, and the better one
announces in the other segment too, so that the client there finds it at once (D7).
"""

from collections.abc import Iterator, Sequence

from drivers.toml_text import two_in_a_group
from plays.client import PlayClient
from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_LAN, _WAN = "10.9.1.100", "10.9.2.100"
_MOMENT = 0.1  # two callbacks of one daemon, on a machine that others use too
_LINKWATCH = 1.0  # seconds by which the kernel delays the second link event within a second
_START = 5.0
_PREFERENCE = 'nodes = ["r1", "r2"]'


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("a group over two segments", str(setting), options.listen) as play:
        lan, wan = play.segment("lan"), play.segment("wan")
        nodes = []
        for number in (1, 2):
            node = play.node(f"r{number}", f"10.9.1.{number}/24", segment=lan)
            node.attach(wan, f"10.9.2.{number}/24", interface="eth1")
            node.pyvrrp(two_in_a_group(setting.interval_ms, _PREFERENCE))
            node.echo()
            nodes.append(node)
        r1, r2 = nodes
        client = play.client("client", _WAN, "10.9.2.9/24", segment=wan)
        play.begin()
        play.mark("both start")
        r1.start()
        _wait(play, "r1", _START)
        r2.start()
        play.wait(lambda: "BACKUP" in r2.command("status", "wan").stdout, "r2 stands by")
        play.sleep(2 * setting.interval)
        play.mark("r1's cable in the wan is pulled")
        wan.cut(r1.host, interface="eth1")
        _wait(play, "r2", _LINKWATCH + setting.skew_time(244) + NOISE)
        lost, got = _together(play, "r1", held=False), _together(play, "r2", held=True)
        play.at_most("r2 has both after r1 let go", got - lost, setting.skew_time(244) + NOISE)
        shown = r1.command("status", "lan").stdout
        words = "wan of group edge: link down"
        play.check("r1 says why it has no lan", shown.splitlines()[2], words, passed=words in shown)
        play.mark("it is plugged in")
        wan.heal(r1.host, interface="eth1")
        _wait(play, "r1", setting.master_down_interval(254) + NOISE + HAND_OVER)
        _together(play, "r1", held=True)
        _split_and_heal(play, client, (r1, r2), setting)
    yield play.result()


def _split_and_heal(
    play: Play, client: PlayClient, nodes: tuple[LabNode, LabNode], setting: Setting
) -> None:
    """Part the two while their links are up, and let them hear each other again in one segment."""
    lan, wan = play.segment("lan"), play.segment("wan")
    r1, r2 = nodes
    client.start()
    split = play.mark("the two do not hear each other any more")
    for segment in (lan, wan):
        segment.part((r1.host, r2.host))
    play.wait(lambda: play.holders(_WAN) == ["r1", "r2"], "both hold the wan")
    play.wait(lambda: play.holders(_LAN) == ["r1", "r2"], "both hold the lan")
    play.sleep(1.0)
    heal = play.mark("the lan heals, the wan does not")
    lan.unite()
    _wait(play, "r1", setting.interval + NOISE + HAND_OVER)
    play.sleep(0.5)
    client.finish()
    who = client.answered_by(split + 0.5, heal)
    play.equal("who answers the client while two have it", who, ["r2"])
    play.equal("who answers in the wan at last", client.answered_by(heal)[-1:], ["r1"])
    play.at_most("outage in the wan", client.longest_outage(heal), setting.interval + NOISE)
    play.check(
        "two had the wan's address before",
        play.longest_overlap(_WAN, split, heal),
        "yes",
        passed=play.longest_overlap(_WAN, split, heal) > 0,
    )


def _wait(play: Play, node: str, within: float) -> None:
    for address in (_LAN, _WAN):
        play.wait_for_holder(address, node, within=within)


def _together(play: Play, node: str, *, held: bool) -> float:
    """Check that *node* got, or lost, both addresses at the same moment; return the later one."""
    times: Sequence[float] = [
        max(
            event.time
            for event in play.timeline.events("address", node)
            if event.what["address"] == address and bool(event.what["held"]) is held
        )
        for address in (_LAN, _WAN)
    ]
    what = f"between the two moments {node} {'got' if held else 'lost'} them"
    play.at_most(what, max(times) - min(times), _MOMENT)
    return max(times)
