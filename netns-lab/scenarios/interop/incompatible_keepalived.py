"""A living keepalived that pyvrrp cannot accept keeps its address, and is named.

It speaks version 2 and pyvrrp version 3; or both speak version 2, and one has a password that the
other one does not have; or keepalived has an authentication header (AH). keepalived is master
first, with the lower priority. pyvrrp starts and does not take the address, and its status says
what differs. keepalived stops, and pyvrrp takes over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_DOWN = 3.0 + 156 / 256  # Master_Down_Interval of priority 100 at 1 s
_INTERPRETER = 4.0  # seconds in which daemons start on a busy machine

_PYVRRP = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = 200
addresses = ["{address}/24"]
{more}
"""

_KEEPALIVED = """vrrp_instance web {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    version 2
    advert_int 1
{more}
    virtual_ipaddress {{
        {address}/24
    }}
}}
"""
_PASSWORD = "    authentication {{\n        auth_type {kind}\n        auth_pass secret\n    }}"


@dataclass(frozen=True)
class _Neighbour:
    """One segment: how the two differ, and how pyvrrp says so."""

    name: str
    network: str
    ours: str
    theirs: str
    differs: str

    @property
    def address(self) -> str:
        """The virtual address."""
        return f"{self.network}.100"


_KINDS = (
    _Neighbour("version", "10.9.0", "", "", "version 2, must be 3"),
    _Neighbour(
        "password",
        "10.8.0",
        "version = 2",
        _PASSWORD.format(kind="PASS"),
        "authentication type 1, must be 0",
    ),
    _Neighbour(
        "none",
        "10.7.0",
        'version = 2\nauthentication = "secret"',
        "",
        "authentication type 0, must be 1",
    ),
    _Neighbour(
        "header",
        "10.6.0",
        "version = 2",
        _PASSWORD.format(kind="AH"),
        "authentication type 2 (AH, an authentication header of IPsec), must be 0 or 1",
    ),
)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("named, not claimed against, followed", "incompatible", options.listen) as play:
        pairs = [(kind, *_pair(play, kind)) for kind in _KINDS]
        play.begin()
        begun = play.mark("keepalived starts")
        for _kind, _ours, theirs in pairs:
            theirs.start()
        for kind, _ours, theirs in pairs:
            limit = _DOWN + _INTERPRETER + NOISE
            play.wait_for_holder(kind.address, theirs.name, within=limit, since=begun)
        play.mark("pyvrrp starts")
        for _kind, ours, _theirs in pairs:
            ours.start()
        play.sleep(_INTERPRETER + 2 * _DOWN)
        for kind, ours, theirs in pairs:
            play.equal("who has it", play.succession(kind.address, begun), [theirs.name])
            neighbours = ours.virtual_router()["incompatible_neighbours"]
            play.equal("what differs", [one["differs"] for one in neighbours], [kind.differs])
        stopped = play.mark("keepalived stops")
        for _kind, _ours, theirs in pairs:
            theirs.stop()
        for kind, ours, _theirs in pairs:
            limit = _DOWN + 1.0 + NOISE
            play.wait_for_holder(kind.address, ours.name, within=limit, since=stopped)
    yield play.result()


def _pair(play: Play, kind: _Neighbour) -> tuple[LabNode, LabNode]:
    segment = play.segment(kind.name)
    ours = play.node(f"{kind.name[:4]}-p", f"{kind.network}.1/24", segment=segment)
    theirs = play.node(f"{kind.name[:4]}-k", f"{kind.network}.2/24", segment=segment)
    ours.pyvrrp(_PYVRRP.format(address=kind.address, more=kind.ours))
    theirs.keepalived(_KEEPALIVED.format(address=kind.address, more=kind.theirs))
    return ours, theirs
