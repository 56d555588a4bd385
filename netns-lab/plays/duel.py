"""The same fault for a pair of pyvrrp and a pair of keepalived, at the same moment in one play."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drivers.toml_text import virtual_router
from plays.client import PlayClient
from plays.node import LabNode
from plays.play import Play
from pyvrrp.testing.segment import Segment
from results.setting import Setting

RIVALS = ("pyvrrp", "keepalived")
HIGH, LOW = 200, 100
_COLD_START = 5.0  # seconds two daemons may take from their processes to a holder

_KEEPALIVED = """
global_defs {{
    script_user root
    enable_script_security
}}
{script}
vrrp_instance web {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    version 3
    advert_int {interval}
    {preempt}
    virtual_ipaddress {{
        {addresses}
    }}
    {track}
}}
"""
_SCRIPT = """
vrrp_script web {
    script "${DIRECTORY}/check-web"
    interval 1
    timeout 1
    rise 2
    fall 2
    init_fail
    WEIGHT
}
"""


@dataclass(slots=True)
class Pair:
    """Two routers of one implementation on a segment of their own, with a client."""

    implementation: str
    segment: Segment
    first: LabNode  # of higher priority
    second: LabNode
    addresses: tuple[str, ...]  # without prefix lengths
    client: PlayClient

    @property
    def nodes(self) -> tuple[LabNode, LabNode]:
        """Both routers, the better one first."""
        return self.first, self.second

    @property
    def address(self) -> str:
        """The virtual address the client asks."""
        return self.addresses[0]


@dataclass(frozen=True, slots=True)
class Duel:
    """Both pairs. `each` does the same to both, one right after the other."""

    play: Play
    setting: Setting
    pairs: tuple[Pair, ...] = field(default_factory=tuple)

    @property
    def pyvrrp(self) -> Pair:
        """The pair that is judged."""
        return self.pairs[0]

    @property
    def keepalived(self) -> Pair:
        """The pair for comparison."""
        return self.pairs[1]

    @property
    def down(self) -> float:
        """Master_Down_Interval of the standby, in seconds."""
        return self.setting.master_down_interval(LOW)

    def each(self, act: Callable[[Pair], object]) -> None:
        """Do *act* to every pair."""
        for pair in self.pairs:
            act(pair)

    def each_node(self, act: Callable[[LabNode], object]) -> None:
        """Do *act* to every router of both pairs."""
        for pair in self.pairs:
            for node in pair.nodes:
                act(node)

    def start(self, *, clients: bool = True) -> None:
        """Watch, start all daemons, wait until the better of each pair has the addresses."""
        self.play.begin()
        self.each(lambda pair: pair.first.start())
        self.each(self._wait_for_first)
        self.each(lambda pair: pair.second.start())
        if clients:
            self.each(lambda pair: pair.client.start())
        self.each(self._wait_for_second)

    def _wait_for_first(self, pair: Pair) -> None:
        name = pair.first.name
        self.play.wait_for_holder(pair.address, name, within=_COLD_START, what=f"{name} starts")

    def _wait_for_second(self, pair: Pair) -> None:
        name, daemon = pair.second.name, pair.second.daemon
        self.play.wait(
            lambda: daemon is None or "BACKUP" in daemon.output(), f"{name} to be a standby"
        )
        self.play.sleep(2 * self.setting.interval)  # it has heard the master

    def finish(self) -> None:
        """End the clients; what they lost is known from then on."""
        self.each(lambda pair: pair.client.finish())


@dataclass(frozen=True, slots=True)
class _Terms:
    interval_ms: int
    preempt: bool
    count: int
    more: str
    weight: int | None
    ipv6: bool


def duel(
    play: Play,
    *,
    interval_ms: int = 100,
    preempt: bool = True,
    count: int = 1,
    more: str = "",
    weight: int | None = None,
    ipv6: bool = False,
    rivals: Sequence[str] = RIVALS,
) -> Duel:
    """Build the pairs, each with *count* addresses; *more* goes into pyvrrp's virtual router.

    With *weight* keepalived looks at port 8080 every second: 0 makes it fence, another number is
    added to its priority.
    """
    terms = _Terms(interval_ms, preempt, count, more, weight, ipv6)
    nets = ("2001:db8:9:", "2001:db8:8:") if ipv6 else ("10.9.0", "10.8.0")
    pairs = tuple(_pair(play, rival, net, terms) for rival, net in zip(rivals, nets, strict=False))
    return Duel(play, Setting(interval_ms=interval_ms), pairs)


def _pair(play: Play, rival: str, net: str, terms: _Terms) -> Pair:
    segment = play.segment(rival)
    dot, length = (":", 64) if terms.ipv6 else (".", 24)
    addresses = tuple(f"{net}{dot}{100 + number}" for number in range(terms.count))
    # VRRPv3 over IPv6 has a link-local address first.
    all_of_them = ("fe80::100", *addresses) if terms.ipv6 else addresses
    listed = [f"{address}/{length}" for address in all_of_them]
    first, second = (
        play.node(f"{rival}-{suffix}", f"{net}{dot}{number}/{length}", segment=segment)
        for number, suffix in enumerate("ab", start=1)
    )
    for node, priority in ((first, HIGH), (second, LOW)):
        node.echo()
        if rival == "pyvrrp":
            node.pyvrrp(_pyvrrp(priority, listed, terms))
        else:
            node.keepalived(_keepalived(priority, listed, terms))
    source = f"{net}{dot}9/{length}"
    client = play.client(f"{rival}-c", addresses[0], source, segment=segment)
    return Pair(rival, segment, first, second, addresses, client)


def _pyvrrp(priority: int, addresses: Sequence[str], terms: _Terms) -> str:
    preempt = f"preempt = {str(terms.preempt).lower()}"
    keys = (f"priority = {priority}", preempt, terms.more)
    return virtual_router("web", 51, addresses, terms.interval_ms, *keys)


def _keepalived(priority: int, addresses: Sequence[str], terms: _Terms) -> str:
    weight = f"weight {terms.weight}" if terms.weight else ""
    checks = terms.weight is not None
    return _KEEPALIVED.format(
        script=_SCRIPT.replace("WEIGHT", weight) if checks else "",
        track="track_script {\n        web\n    }" if checks else "",
        priority=priority,
        addresses="\n        ".join(addresses),
        interval=terms.interval_ms / 1000,
        preempt="" if terms.preempt else "nopreempt",
    )
