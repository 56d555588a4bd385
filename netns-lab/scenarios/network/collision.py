"""Two other clusters in the segment by mistake: one uses our VRID, the other one our address.

Each is named once, counted, and shown by `status` with sender, VRID and addresses. (C5)
"""

from collections.abc import Iterator

from drivers.toml_text import virtual_router
from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_OURS, _OTHERS = "10.9.0.100", "10.9.0.200"
_START = 5.0


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("a collision of VRIDs", f"{interval_ms} ms, IPv4", options.listen) as play:
        ours = play.node("ours", "10.9.0.1/24")
        same_vrid = play.node("vrid", "10.9.0.2/24")
        same_address = play.node("address", "10.9.0.3/24")
        for node, vrid, priority, address in (
            (ours, 51, 200, _OURS),
            (same_vrid, 51, 100, _OTHERS),
            (same_address, 77, 100, _OURS),
        ):
            key = f"priority = {priority}"
            node.pyvrrp(virtual_router("web", vrid, [f"{address}/24"], interval_ms, key))
        play.begin()
        play.mark("the other clusters start")
        same_vrid.start()
        same_address.start()
        play.wait_for_holder(_OTHERS, "vrid", within=_START)
        play.wait_for_holder(_OURS, "address", within=_START)
        play.mark("ours starts")
        ours.start()
        play.wait(lambda: set(play.holders(_OURS)) == {"address", "ours"}, "two have the address")
        play.wait(lambda: play.holders(_OTHERS) == [], "the VRID's other master is silenced")
        play.sleep(1.0)
        play.equal(
            "ours names", _collisions(ours), {("10.9.0.3", 77, _OURS), ("10.9.0.2", 51, _OTHERS)}
        )
        play.equal("the one of our VRID names", _collisions(same_vrid), {("10.9.0.1", 51, _OURS)})
        play.equal(
            "the one of our address names", _collisions(same_address), {("10.9.0.1", 51, _OURS)}
        )
        said = ours.daemon.output() if ours.daemon is not None else ""
        play.equal("lines in the log of ours", said.count("here it belongs to VRID 51"), 1)
        play.equal("and of the same VRID", said.count("uses VRID 51 too"), 1)
        counted = ours.virtual_router()["counters"]["vrid_collisions"]
        play.check("counted", counted, "10 or more", passed=counted >= 10)
        shown = ours.command("status", "web").stdout
        play.equal("lines COLLISION in status", shown.count("COLLISION"), 2)
    yield play.result()


def _collisions(node: LabNode) -> set[tuple[str, int, str]]:
    shown = node.virtual_router()["collisions"]
    return {(one["sender"], one["vrid"], one["addresses"][0]) for one in shown}
