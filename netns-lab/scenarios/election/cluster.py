"""Four nodes and three services, each with its own order of standbys; one file for all nodes.

Two nodes lose their power at once: every service is on the node that `pyvrrp plan --fail` names,
within the Master_Down_Interval of that node, and none moves twice (C1, C3, C4). Then all nodes are
restarted one after the other, with manual failback: each service moves once, with its holder, and
does not move when a standby restarts (C6). It returns when its holder resigns (C2).
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path

from drivers.pyvrrp_daemon import COMMAND
from plays.node import LabNode
from plays.play import Play
from plays.service_file import address_of, build, file_for
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_NODES = ("n1", "n2", "n3", "n4")
_ORDERS = {"web": ("n1", "n4", "n2"), "mail": ("n2", "n4", "n3"), "db": ("n3", "n1", "n4")}
_ADDRESSES = {name: address_of(number) for number, name in enumerate(_ORDERS, start=1)}
_PAIRS = (("n1", "n4"), ("n2", "n3"))
_STEP = 50  # 20 ms between two standbys at an interval of 100 ms
_LOWEST = 154
_START = 8.0  # four interpreters on a busy machine


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    pairs = list(combinations(_NODES, 2)) if options.thorough else _PAIRS
    with Play("any two nodes may die", str(setting), options.listen) as play:
        nodes = _built(play, setting)
        for pair in pairs:
            _two_die(play, nodes, pair, setting)
    yield play.result()
    with Play("a rolling restart", str(setting), options.listen) as play:
        nodes = _built(play, setting, preempt=False)
        for node in nodes.values():
            _restart(play, node, setting)
        _go_home(play, nodes)
        for address in _ADDRESSES.values():
            play.never_two(address, limit=HAND_OVER)
    yield play.result()


def _built(play: Play, setting: Setting, *, preempt: bool = True) -> dict[str, LabNode]:
    more = {} if preempt else dict.fromkeys(_ORDERS, "preempt = false")
    nodes = build(play, _NODES, file_for(_ORDERS, setting.interval_ms, more=more, step=_STEP))
    play.begin()
    play.mark("all start")
    for node in nodes.values():
        node.start()
    for name, holder in _planned(nodes, ()).items():
        if preempt:
            play.wait_for_holder(_ADDRESSES[name], str(holder), within=_START)
    if not preempt:
        play.wait(lambda: all(play.holders(each) for each in _ADDRESSES.values()), "all held")
        _go_home(play, nodes)
    return nodes


def _two_die(
    play: Play, nodes: Mapping[str, LabNode], pair: Sequence[str], setting: Setting
) -> None:
    before = {name: play.holders(address) for name, address in _ADDRESSES.items()}
    died = play.mark(f"{' and '.join(pair)} lose their power")
    for name in pair:
        nodes[name].power_off()
    for name, holder in _planned(nodes, pair).items():
        limit = setting.master_down_interval(_LOWEST) + NOISE
        play.wait_for_holder(_ADDRESSES[name], str(holder), within=limit)
    play.sleep(setting.master_down_interval(_LOWEST))
    for name, holder in _planned(nodes, pair).items():
        moved = list(dict.fromkeys([*before[name], str(holder)]))
        play.equal(f"who has had {name}", play.succession(_ADDRESSES[name], died), moved)
    play.mark(f"{' and '.join(pair)} are back")
    for name in pair:
        nodes[name].power_on()
        nodes[name].start()
    for name, holder in _planned(nodes, ()).items():
        play.wait_for_holder(_ADDRESSES[name], str(holder), within=_START)


def _restart(play: Play, node: LabNode, setting: Setting) -> None:
    before = {name: play.holders(address) for name, address in _ADDRESSES.items()}
    begun = play.mark(f"{node.name} is restarted")
    node.stop()
    node.start()
    play.wait(lambda: node.command("status").returncode == 0, f"{node.name} answers")
    play.sleep(setting.master_down_interval(254) + NOISE)
    for name, address in _ADDRESSES.items():
        moves = len(play.succession(address, begun)) - 1
        what = f"moves of {name}, held by {before[name][0]}, while {node.name} restarts"
        play.equal(what, moves, 1 if before[name] == [node.name] else 0)


def _go_home(play: Play, nodes: Mapping[str, LabNode]) -> None:
    """Have holders resign until each service is where it is wanted most."""
    play.mark("all return to their first node")
    for name, first in _planned(nodes, ()).items():
        for _round in _ORDERS[name]:
            [holder] = play.holders(_ADDRESSES[name])
            if holder == first:
                break
            nodes[holder].order("resign", name)
            play.wait(partial(_has_left, play, _ADDRESSES[name], holder), f"{name} has moved")
        play.equal(f"who has {name}", play.holders(_ADDRESSES[name]), [first])


def _has_left(play: Play, address: str, node: str) -> bool:
    holders = play.holders(address)
    return len(holders) == 1 and holders != [node]


def _planned(nodes: Mapping[str, LabNode], failed: Sequence[str]) -> dict[str, str | None]:
    """Return who should hold what, as `pyvrrp plan` says of the file that all nodes have."""
    file: Path = next(iter(nodes.values())).directory / "pyvrrp.toml"
    options = ("--fail", *failed) if failed else ()
    command = (str(COMMAND), "plan", str(file), *options, "--json")
    plan = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return {one["name"]: one["holder"] for one in plan["virtual_routers"]}
