"""Unicast beside keepalived (`unicast_peer`) in both roles: version 3, IPv4 and IPv6; version 2.

pyvrrp has the address. It is stopped and hands over to keepalived. It is started again and stays
BACKUP, because it may not preempt. keepalived's power fails, and pyvrrp takes over. Meanwhile a
stranger claims priority 254: it is counted and moves nothing. No advertisement goes to the
multicast group. (H1)
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from plays.node import LabNode
from plays.play import Play
from pyvrrp.identity import Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.testing.errors import BenchError
from pyvrrp.units import MILLISECOND, Nanoseconds
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_VRID = 51
_FORGED = 20
_INTERPRETER = 4.0  # seconds in which three daemons start on a busy machine
_IP_HDRINCL = 3

_PYVRRP = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = 200
version = {version}
preempt = false
addresses = [{listed}]
advertisement_interval = "{interval}ms"
peers = ["{first}", "{second}"]
"""

_KEEPALIVED = """vrrp_instance web {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    version {version}
    advert_int {seconds}
    unicast_src_ip {second}
    unicast_ttl 255
    unicast_peer {{
        {first}
    }}
    virtual_ipaddress {{
{lines}
    }}
}}
"""


@dataclass(frozen=True)
class _UnicastKind:
    """One segment: what is spoken there, by which two hosts, about which addresses."""

    name: str
    version: int
    first: str
    second: str
    length: int
    addresses: tuple[str, ...]
    interval_ms: int = 100

    @property
    def address(self) -> str:
        """The one that is watched."""
        return self.addresses[-1].partition("/")[0]

    def down(self, priority: int) -> float:
        """Master_Down_Interval, in seconds."""
        interval = self.interval_ms / 1000
        return 3 * interval + (256 - priority) / 256 * (1.0 if self.version == 2 else interval)

    def written(self, template: str) -> str:
        """Fill in a configuration."""
        return template.format(
            version=self.version,
            listed=", ".join(f'"{address}"' for address in self.addresses),
            lines="\n".join(f"        {address}" for address in self.addresses),
            interval=self.interval_ms,
            seconds=self.interval_ms / 1000,
            first=self.first,
            second=self.second,
        )


_KINDS = (
    _UnicastKind("four", 3, "10.9.0.1", "10.9.0.2", 24, ("10.9.0.100/24",)),
    _UnicastKind("six", 3, "fd09::1", "fd09::2", 64, ("fe80::100/64", "fd09::100/64")),
    _UnicastKind("two", 2, "10.7.0.1", "10.7.0.2", 24, ("10.7.0.100/24",), 1000),
)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("handed over, taken over, forged", "unicast", options.listen) as play:
        pairs = [(kind, *_pair(play, kind)) for kind in _KINDS]
        stranger = play.node("stranger", "10.9.0.66/24", segment=play.segment("four"))
        play.begin()
        begun = play.mark("pyvrrp starts, then keepalived")
        for _kind, ours, _theirs in pairs:
            ours.start()
        for kind, ours, theirs in pairs:
            limit = kind.down(200) + _INTERPRETER + NOISE
            play.wait_for_holder(kind.address, ours.name, within=limit, since=begun)
            theirs.start()
        play.sleep(1.0)
        _forge(play, pairs[0][1], stranger)
        for kind, ours, _theirs in pairs:
            play.equal("who has it", play.succession(kind.address, begun), [ours.name])
        stopped = play.mark("pyvrrp stops")
        for _kind, ours, _theirs in pairs:
            ours.stop()
        for kind, _ours, theirs in pairs:
            skew = kind.down(100) - 3 * kind.interval_ms / 1000
            play.wait_for_holder(
                kind.address, theirs.name, within=skew + 1.0 + NOISE, since=stopped
            )
        _returns(play, pairs)
        died = play.mark("keepalived's power fails")
        for _kind, _ours, theirs in pairs:
            theirs.power_off()
        for kind, ours, _theirs in pairs:
            play.wait_for_holder(kind.address, ours.name, within=kind.down(200) + NOISE, since=died)
        _no_multicast(play)
    yield play.result()


def _pair(play: Play, kind: _UnicastKind) -> tuple[LabNode, LabNode]:
    segment = play.segment(kind.name)
    ours = play.node(f"{kind.name}-p", f"{kind.first}/{kind.length}", segment=segment)
    theirs = play.node(f"{kind.name}-k", f"{kind.second}/{kind.length}", segment=segment)
    ours.pyvrrp(kind.written(_PYVRRP))
    theirs.keepalived(kind.written(_KEEPALIVED))
    return ours, theirs


def _forge(play: Play, victim: LabNode, stranger: LabNode) -> None:
    forged = play.mark("a stranger claims priority 254, and sends to the group too")
    source, group = ip_address("10.9.0.66"), ip_address("224.0.0.18")
    said = Advertisement(
        Version.V3, _VRID, 254, Nanoseconds(100 * MILLISECOND), (ip_address("10.9.0.100"),)
    )
    raw = stranger.host.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 112))
    with raw:
        raw.setsockopt(socket.IPPROTO_IP, _IP_HDRINCL, 1)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, source.packed)
        for _ in range(_FORGED):
            for target in (ip_address("10.9.0.1"), group):
                packet = advertisement_packet(said, source, target, ChecksumForm.PSEUDO_HEADER)
                raw.sendto(packet, (str(target), 0))
    play.sleep(0.5)
    play.equal("who has it", play.succession("10.9.0.100", forged), [victim.name])
    counters = victim.virtual_router()["counters"]
    for counter in ("unknown_peers", "destination_errors"):
        play.equal(counter, counters[counter], _FORGED)
    told = [event for event in victim.daemon_events("discarded") if event["source"] == str(source)]
    play.equal("events that name the stranger", len(told), 2)


def _returns(play: Play, pairs: list[tuple[_UnicastKind, LabNode, LabNode]]) -> None:
    returned = play.mark("pyvrrp starts again")
    for _kind, ours, _theirs in pairs:
        ours.start()
    for kind, ours, _theirs in pairs:
        play.wait(partial(_hears, ours, kind.second), f"{ours.name} to hear keepalived")
    play.sleep(2 * max(kind.interval_ms for kind in _KINDS) / 1000)
    for kind, _ours, theirs in pairs:
        play.equal("who has it", play.succession(kind.address, returned), [theirs.name])


def _hears(node: LabNode, peer: str) -> bool:
    try:
        router = node.virtual_router()
    except BenchError:
        return False  # its control socket is not there yet
    return bool(router["state"] == "BACKUP" and router["master"] == peer)


def _no_multicast(play: Play) -> None:
    sent = play.timeline.events("advertisement")
    ours = [event for event in sent if event.node != "stranger"]
    groups = [event for event in ours if ip_address(str(event.what["destination"])).is_multicast]
    play.equal("advertisements to the group", len(groups), 0)
    play.check("advertisements in all", len(ours), "at least 50", passed=len(ours) >= 50)
