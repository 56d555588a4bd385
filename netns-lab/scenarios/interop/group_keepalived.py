"""A group beside keepalived's sync group: both follow the same rule, in both directions.

keepalived has both addresses and loses the cable of one segment: pyvrrp takes both. The cable is
plugged in, and keepalived, which is preferred, takes both back. keepalived ends: pyvrrp takes both.
"""

from collections.abc import Iterator

from drivers.toml_text import two_in_a_group
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_LAN, _WAN = "10.9.1.100", "10.9.2.100"
_START = 5.0
_INSTANCE = """vrrp_instance {name} {{
    state BACKUP
    interface {interface}
    virtual_router_id {vrid}
    priority 200
    version 3
    advert_int {seconds}
    virtual_ipaddress {{
        {address}/24
    }}
}}
"""
_GROUP = """vrrp_sync_group edge {
    group {
        lan
        wan
    }
}
"""


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    down = setting.master_down_interval(100) + NOISE
    with Play("a group beside keepalived's", str(setting), options.listen) as play:
        lan, wan = play.segment("lan"), play.segment("wan")
        ours, theirs = (
            play.node(name, f"10.9.1.{number}/24", segment=lan)
            for number, name in enumerate(("ours", "theirs"), start=1)
        )
        for number, node in enumerate((ours, theirs), start=1):
            node.attach(wan, f"10.9.2.{number}/24", interface="eth1")
        ours.pyvrrp(two_in_a_group(setting.interval_ms, "priority = 100"))
        seconds = setting.interval
        instances = (
            _INSTANCE.format(
                name=name, interface=interface, vrid=vrid, seconds=seconds, address=address
            )
            for name, interface, vrid, address in (
                ("lan", "eth0", 51, _LAN),
                ("wan", "eth1", 52, _WAN),
            )
        )
        theirs.keepalived(_GROUP + "".join(instances))
        play.begin()
        play.mark("both start")
        theirs.start()
        _wait(play, "theirs", _START)
        ours.start()
        play.wait(lambda: "BACKUP" in ours.command("status", "wan").stdout, "ours stands by")
        play.sleep(2 * setting.interval)
        play.mark("keepalived's cable in the wan is pulled")
        wan.cut(theirs.host, interface="eth1")
        _wait(play, "ours", down)
        back = play.mark("it is plugged in")
        wan.heal(theirs.host, interface="eth1")
        _wait(play, "theirs", 3.0 + HAND_OVER)
        play.mark("keepalived ends")
        theirs.stop()
        _wait(play, "ours", down)
        for address in (_LAN, _WAN):
            play.equal(
                f"who got {address}", play.succession(address, back), ["ours", "theirs", "ours"]
            )
            play.never_two(address, limit=HAND_OVER)
    yield play.result()


def _wait(play: Play, node: str, within: float) -> None:
    for address in (_LAN, _WAN):
        play.wait_for_holder(address, node, within=within)
