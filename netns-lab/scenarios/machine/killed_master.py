"""The master's daemon is killed with SIGKILL, again and again; no datagram of a client is lost.

The guardian hands over for the dead daemon: it sends priority 0, and keeps the address until the
successor has announced it. Afterwards only the successor answers. A daemon that is started again
at once, as a service manager does it, does not disturb that. IPv4 and IPv6, multicast and unicast.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from plays.opening import start_in_turn
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_LINGER = 0.5  # seconds a successor that announces late is waited for; usually it is 50 ms
_START = 2.0  # seconds a daemon may take from its process to its first timer
_TIMES = 3
_NEIGHBOURS_REST = 1.2  # a Linux client accepts no second change of a neighbour within a second

_CONFIGURATION = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = {{ r1 = 200, r2 = 100 }}
addresses = [{addresses}]
advertisement_interval = "{interval}ms"
{peers}
"""


@dataclass(frozen=True, slots=True)
class _Case:
    ipv6: bool
    unicast: bool
    interval: int

    @property
    def net(self) -> str:
        return "2001:db8:9::" if self.ipv6 else "10.9.0."

    @property
    def prefix(self) -> int:
        return 64 if self.ipv6 else 24

    @property
    def configuration(self) -> str:
        virtual = [f"{self.net}100/{self.prefix}"]
        if self.ipv6:
            virtual.insert(0, "fe80::100/64")
        peers = f'peers = ["{self.net}1", "{self.net}2"]' if self.unicast else ""
        listed = ", ".join(f'"{address}"' for address in virtual)
        return _CONFIGURATION.format(addresses=listed, interval=self.interval, peers=peers)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it for each family, by multicast and by unicast."""
    usual = [(False, False, 1000), (False, True, 100), (True, False, 100), (True, True, 1000)]
    if options.thorough:
        usual += [(False, False, 10), (True, False, 10)]
    for ipv6, unicast, interval in usual:
        yield _killed(_Case(ipv6, unicast, options.interval_ms or interval))


def _killed(case: _Case) -> ExperimentResult:
    setting = Setting(ipv6=case.ipv6, interval_ms=case.interval)
    way = "unicast" if case.unicast else "multicast"
    with Play("the master's daemon is killed", setting=f"{setting}, {way}") as play:
        _Killed(play, case, setting).run()
    return play.result()


class _Killed:
    def __init__(self, play: Play, case: _Case, setting: Setting) -> None:
        self._play = play
        self._address = f"{case.net}100"
        self._setting = setting
        self._r1, self._r2 = (
            play.node(name, f"{case.net}{number}/{case.prefix}")
            for name, number in (("r1", 1), ("r2", 2))
        )
        for node in (self._r1, self._r2):
            node.pyvrrp(case.configuration)
            node.echo()
        source = f"{case.net}9/{case.prefix}"
        self._client = play.client("client", self._address, source, direct=(self._r1, self._r2))

    def run(self) -> None:
        """Kill r1 and start it again, at once the last time, and ask the client what it missed."""
        play = self._play
        play.begin()
        within = self._setting.master_down_interval(200) + _START + NOISE
        start_in_turn(play, self._r1, self._r2, self._address, within)
        play.wait(lambda: self._r2.command("status").returncode == 0, "r2 to listen")
        self._client.start()
        since = play.mark("the client asks")
        for number in range(_TIMES):
            play.sleep(_NEIGHBOURS_REST)
            self._kill(at_once=number == _TIMES - 1)
        play.sleep(_NEIGHBOURS_REST)
        self._client.finish()
        play.equal("datagrams lost", self._client.lost(since), 0)
        holders = play.succession(self._address, since)
        play.equal("who got it", " ".join(holders), "r1" + " r2 r1" * _TIMES)
        overlap = play.longest_overlap(self._address, since)
        play.at_most("two had the address", overlap, _LINGER + NOISE)
        play.at_most("nobody had it", play.longest_gap(self._address, since), 0.0)

    def _kill(self, *, at_once: bool) -> None:
        play = self._play
        killed = play.mark("r1's daemon gets SIGKILL", "r1")
        self._r1.kill_daemon()
        if at_once:
            self._r1.start()
        skew = self._setting.skew_time(100)
        play.wait_for_holder(self._address, "r2", within=skew + _LINGER + NOISE, since=killed)
        play.sleep(_NEIGHBOURS_REST)
        if not at_once:
            play.mark("r1 is started", "r1")
            self._r1.start()
        down = self._setting.master_down_interval(200)
        play.wait_for_holder(self._address, "r1", within=down + _LINGER + _START + NOISE)
