"""An imported Heartbeat cluster: two nodes, unicast over two links (`ha.cf`, `haresources`).

`pyvrrp import-heartbeat` translates the two files, and its output is run. One link is cut, then the
other one, and nothing moves: one link that works is enough to stay BACKUP. Both are cut, and the
standby has the address. The master's address interface loses its carrier: the master says so over
the other link, and the standby does not wait for three intervals. Nothing goes to the multicast
group. The same by multicast (`bcast`), where the second link has no address at all. (H1, H2, H3)
"""

import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from plays.node import LabNode
from plays.play import Play
from pyvrrp.testing.commands import run
from pyvrrp.testing.segment import Segment
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_ADDRESS = "10.9.0.100"
_INTERVAL = 0.1
_DOWN = 3 * _INTERVAL + (256 - 244) / 256 * _INTERVAL  # hb2 is the second in line
_SKEW = _DOWN - 3 * _INTERVAL
_QUIET = 4 * _DOWN  # a node that is to move after a cut has moved by then
_INTERPRETER = 4.0  # seconds in which two daemons start on a busy machine

_HA_CF = """
logfacility local0
keepalive 100ms
deadtime 300ms
initdead 60
udpport 694
ucast eth0 10.9.0.1
ucast eth0 10.9.0.2
ucast eth1 10.8.0.1
ucast eth1 10.8.0.2
auto_failback on
node hb1 hb2
"""
_BY_BROADCAST = """
deadtime 300ms
bcast eth0 eth1
auto_failback on
node hb1 hb2
"""
_HARESOURCES = f"hb1 IPaddr::{_ADDRESS}/24/eth0\n"


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("imported; links cut one by one", "100 ms, unicast", options.listen) as play:
        lan, cross = play.segment("lan"), play.segment("cross")
        first, second = _nodes(play, _HA_CF, numbered=True)
        client = play.client("client", _ADDRESS, "10.9.0.9/24", segment=lan)
        play.begin()
        _start(play, first, second)
        client.start()
        for interface, segment in (("eth1", cross), ("eth0", lan)):
            _one_link(play, second, interface, segment)
        client.finish()
        play.equal("datagrams that the client lost", client.lost(), 0)
        _both_links(play, second)
        _carrier(play, first)
        sent = [str(e.what["destination"]) for e in play.timeline.events("advertisement")]
        groups = [destination for destination in sent if ip_address(destination).is_multicast]
        play.equal("advertisements to the group", len(groups), 0)
        play.check("advertisements in all", len(sent), "at least 50", passed=len(sent) >= 50)
    yield play.result()
    with Play("the same by multicast", "100 ms, bcast", options.listen) as play:
        first, second = _nodes(play, _BY_BROADCAST, numbered=False)
        play.begin()
        _start(play, first, second)
        _one_link(play, second, "eth0", play.segment("lan"))
        _both_links(play, second)
        _carrier(play, first)
    yield play.result()


def _nodes(play: Play, ha_cf: str, *, numbered: bool) -> tuple[LabNode, LabNode]:
    lan, cross = play.segment("lan"), play.segment("cross")
    first, second = (
        play.node(f"hb{number}", f"10.9.0.{number}/24", segment=lan) for number in (1, 2)
    )
    for number, node in enumerate((first, second), start=1):
        node.attach(cross, *([f"10.8.0.{number}/24"] if numbered else []), interface="eth1")
        node.echo()
    imported = _imported(first.directory, ha_cf)
    for node in (first, second):
        node.pyvrrp(imported)
    return first, second


def _start(play: Play, first: LabNode, second: LabNode) -> None:
    begun = play.mark("both start")
    first.start()
    second.start()
    play.wait_for_holder(_ADDRESS, "hb1", within=_INTERPRETER + _DOWN + NOISE, since=begun)
    play.wait(lambda: play.timeline.events("state", "hb2"), "hb2 to be BACKUP")


def _imported(directory: Path, ha_cf: str) -> str:
    files = [directory / "ha.cf", directory / "haresources"]
    for file, text in zip(files, (ha_cf, _HARESOURCES), strict=True):
        file.write_text(text, encoding="utf-8")
    return run(sys.executable, "-m", "pyvrrp", "import-heartbeat", *map(str, files))


def _one_link(play: Play, standby: LabNode, interface: str, segment: Segment) -> None:
    cut = play.mark(f"hb2's {interface} is cut off, its carrier stays")
    segment.mute(standby.host, interface=interface)
    play.sleep(_QUIET)
    segment.heal(standby.host, interface=interface)
    play.wait(
        lambda: _told(standby, "heartbeat_link_back", interface), f"{interface} to be back", 5.0
    )
    play.equal("who has it, with one link", play.succession(_ADDRESS, cut), ["hb1"])
    play.equal(
        f"events that {interface} is lost",
        len(_told(standby, "heartbeat_link_lost", interface)),
        1,
    )


def _told(node: LabNode, event: str, interface: str) -> list[object]:
    return [told for told in node.daemon_events(event) if told["link"] == interface]


def _both_links(play: Play, standby: LabNode) -> None:
    cut = play.mark("hb2 is cut off on both links")
    for name, interface in (("cross", "eth1"), ("lan", "eth0")):
        play.segment(name).mute(standby.host, interface=interface)
    play.wait(lambda: play.timeline.holds("hb2", _ADDRESS), "hb2 to have it", 5.0)
    since = [start for start, _end in play.held(_ADDRESS, cut)["hb2"]]
    play.at_most("hb2 has it, with both links cut", since[0] - cut, _DOWN + _INTERVAL + NOISE)
    healed = play.mark("one link is back")
    play.segment("cross").heal(standby.host, interface="eth1")
    play.wait_for_holder(_ADDRESS, "hb1", within=2 * _INTERVAL + NOISE, since=healed)
    play.segment("lan").heal(standby.host)


def _carrier(play: Play, master: LabNode) -> None:
    play.sleep(2 * _INTERVAL)
    cut = play.mark("hb1's eth0 loses its carrier")
    play.segment("lan").cut(master.host)
    play.wait_for_holder(_ADDRESS, "hb2", within=_SKEW + NOISE, since=cut)
    healed = play.mark("it is back")
    play.segment("lan").heal(master.host)
    play.wait_for_holder(_ADDRESS, "hb1", within=_DOWN + 1.0 + NOISE, since=healed)
