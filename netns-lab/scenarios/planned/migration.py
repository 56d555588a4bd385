"""Two nodes move from keepalived to pyvrrp and back, one after the other.

A client sends a datagram a millisecond, as in docs/from-keepalived.md, by multicast and by unicast.
The node that stops must not be master: keepalived removes its addresses before anybody else has
them. So the standby's pyvrrp first gets a higher priority for a while. When it takes over,
keepalived removes the addresses as soon as it hears the advertisement, and pyvrrp adds them just
after it has sent it: the datagrams of those milliseconds may be lost. No other step loses one.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from plays.node import LabNode
from plays.play import Play
from pyvrrp.importers.keepalived.importer import translated
from pyvrrp.importers.load import LocalSurroundings
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_ADDRESS = "10.9.0.100"
_GAP = 0.050  # seconds; from the advertisement to the address, on a busy machine
_WITHIN = 12.0  # seconds; the machine may be busy, and nothing is lost meanwhile
_FILE = """vrrp_instance web {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
{unicast}    virtual_ipaddress {{
        10.9.0.100/24
    }}
}}
"""
_UNICAST = """    unicast_src_ip 10.9.0.{own}
    unicast_peer {{
        10.9.0.{other}
    }}
"""


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run both at once: most of the time is waiting."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda way: _there_and_back(way, options), ("multicast", "unicast"))


def _there_and_back(way: str, options: ScenarioOptions) -> ExperimentResult:
    with Play(f"there and back, {way}", "1 s, version 2", options.listen) as play:
        r1, r2 = (play.node(name, f"10.9.0.{name[1]}/24") for name in ("r1", "r2"))
        for node in (r1, r2):
            node.echo()
        client = play.client("client", _ADDRESS, "10.9.0.9/24")
        play.begin()
        play.mark("two keepalived")
        for node in (r1, r2):
            _start_keepalived(play, node, way)
        play.wait_for_holder(_ADDRESS, "r1", within=_WITHIN)
        play.sleep(1.0)
        client.start()
        begun = play.mark("r2, the standby, gets pyvrrp")
        r2.stop()
        _start_pyvrrp(play, r2, way)
        takeover = play.mark("r2 is given the higher priority")
        r2.order("priority", "web", "200")
        play.wait_for_holder(_ADDRESS, "r2", within=_WITHIN)
        play.sleep(1.2)
        taken = play.mark("r1 gets pyvrrp")
        r1.stop()
        _start_pyvrrp(play, r1, way)
        play.mark("r2 gets its own priority back")
        r2.order("priority", "web", "reset")
        play.wait_for_holder(_ADDRESS, "r1", within=_WITHIN)
        play.sleep(1.2)
        there = _back(play, r1, r2, way)
        client.finish()
        play.equal("lost while r2 goes to pyvrrp", client.lost(begun, takeover), 0)
        gap = client.longest_outage(takeover, taken)
        play.at_most("outage when keepalived hands over to pyvrrp", gap, _GAP)
        play.equal("lost while r1 goes to pyvrrp and takes over", client.lost(taken, there), 0)
        play.equal("lost on the way back", client.lost(there), 0)
    return play.result()


def _back(play: Play, r1: LabNode, r2: LabNode, way: str) -> float:
    there = play.mark("r2 is given the higher priority again")
    r2.order("priority", "web", "200")
    play.wait_for_holder(_ADDRESS, "r2", within=_WITHIN)
    play.sleep(1.2)
    play.mark("r1 goes back to keepalived")
    r1.stop()
    _start_keepalived(play, r1, way)
    play.mark("r2, the master, goes back: it serves until r1's keepalived has taken over")
    r2.stop()
    _start_keepalived(play, r2, way)
    play.wait_for_holder(_ADDRESS, "r1", within=_WITHIN)
    play.sleep(1.2)
    return there


def _file(node: LabNode, way: str) -> str:
    own = int(node.name[1])
    unicast = _UNICAST.format(own=own, other=3 - own) if way == "unicast" else ""
    return _FILE.format(priority=160 - 10 * own, unicast=unicast)


def _start_keepalived(play: Play, node: LabNode, way: str) -> None:
    daemon = node.keepalived(_file(node, way))
    daemon.start()
    play.wait(lambda: "BACKUP STATE" in daemon.output(), f"{node.name}'s keepalived takes part")


def _start_pyvrrp(play: Play, node: LabNode, way: str) -> None:
    surroundings = LocalSurroundings(offline=True)
    found = translated(_file(node, way), "keepalived.conf", surroundings, identifier=node.name)
    daemon = node.pyvrrp(found.text)
    daemon.start()
    play.wait(lambda: _state(node) == "BACKUP", f"{node.name}'s pyvrrp takes part")


def _state(node: LabNode) -> str:
    return str(node.virtual_router()["state"]) if _answers(node) else ""


def _answers(node: LabNode) -> bool:
    return node.command("status").returncode == 0
