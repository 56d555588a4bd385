"""pyvrrp beside keepalived over IPv6 without a virtual link-local address, in both roles.

Many files of keepalived list global addresses alone, and it advertises the first of them first. In
one segment pyvrrp is the better router, in another one keepalived is. The better one is master, the
other one follows it. The better one stops, and the other one takes over. It starts again and takes
the address back.
"""

from collections.abc import Iterator

from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_DOWN = 4.0  # Master_Down_Interval at 1 s is below this for every priority
_INTERPRETER = 4.0  # seconds in which daemons start on a busy machine

_PYVRRP = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = {priority}
addresses = ["{address}/64"]
"""

_KEEPALIVED = """vrrp_instance web {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    version 3
    advert_int 1
    virtual_ipaddress {{
        {address}/64
    }}
}}
"""


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("followed, taken over, taken back", "global", options.listen) as play:
        ours_first = _pair(play, "one", "fd09::100", 200, 100)
        theirs_first = _pair(play, "two", "fd08::100", 100, 200)
        sides = (
            ("fd09::100", ours_first[0], ours_first[1]),
            ("fd08::100", theirs_first[1], theirs_first[0]),
        )
        limit = _DOWN + _INTERPRETER + NOISE
        play.begin()
        begun = play.mark("the better ones start")
        for _address, better, _worse in sides:
            better.start()
        for address, better, _worse in sides:
            play.wait_for_holder(address, better.name, within=limit, since=begun)
        for _address, _better, worse in sides:
            worse.start()
        play.sleep(_INTERPRETER + 2 * _DOWN)
        for address, better, _worse in sides:
            play.equal("who has it", play.succession(address, begun), [better.name])
        stopped = play.mark("the better ones stop")
        for _address, better, _worse in sides:
            better.stop()
        for address, _better, worse in sides:
            play.wait_for_holder(address, worse.name, within=_DOWN + NOISE, since=stopped)
        back = play.mark("the better ones start again")
        for _address, better, _worse in sides:
            better.start()
        for address, better, _worse in sides:
            play.wait_for_holder(address, better.name, within=limit, since=back)
    yield play.result()


def _pair(
    play: Play, name: str, address: str, ours_at: int, theirs_at: int
) -> tuple[LabNode, LabNode]:
    segment = play.segment(name)
    network = address.removesuffix("100")
    ours = play.node(f"{name}-p", f"{network}1/64", segment=segment)
    theirs = play.node(f"{name}-k", f"{network}2/64", segment=segment)
    ours.pyvrrp(_PYVRRP.format(address=address, priority=ours_at))
    theirs.keepalived(_KEEPALIVED.format(address=address, priority=theirs_at))
    return ours, theirs
