"""Planned moves, IPv4 and IPv6: drain, undrain, resign, stop, start; no datagram is lost.

A client sends a datagram a millisecond. The standby takes over within Skew_Time, and the old master
answers until then and 50 ms longer. The node with the higher priority gets the address back in the
same way. A drained node stays out over a restart, until it is undrained.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from plays.opening import start_in_turn
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_LINGER = 0.050
_START = 2.0  # seconds a daemon may take from its process to its first timer
_COMMAND = 1.0  # seconds the command may take on a busy machine before it asks the daemon

_CONFIGURATION = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = {{ r1 = 200, r2 = 100 }}
addresses = [{addresses}]
advertisement_interval = "{interval}ms"
"""


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    routers: tuple[str, str]
    client: str
    virtual: tuple[str, ...]

    @property
    def address(self) -> str:
        """The one that the client asks."""
        return self.virtual[-1].partition("/")[0]


_IPV4 = _Family("IPv4", ("10.9.0.1/24", "10.9.0.2/24"), "10.9.0.9/24", ("10.9.0.100/24",))
_IPV6 = _Family(
    "IPv6",
    ("2001:db8:9::1/64", "2001:db8:9::2/64"),
    "2001:db8:9::9/64",
    ("fe80::100/64", "2001:db8:9::100/64"),
)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run them: the three intervals that benchmarks speak of, and the other family."""
    if options.interval_ms:
        yield _moves(_IPV4, options.interval_ms)
        yield _moves(_IPV6, options.interval_ms)
        return
    for family, interval in ((_IPV4, 1000), (_IPV4, 100), (_IPV6, 100), (_IPV6, 10)):
        yield _moves(family, interval)


def _moves(family: _Family, interval: int) -> ExperimentResult:
    setting = Setting(ipv6=family is _IPV6, interval_ms=interval)
    with Play("drain, undrain, resign, stop, start", setting=str(setting)) as play:
        _Moves(play, family, setting).run()
    return play.result()


class _Moves:
    def __init__(self, play: Play, family: _Family, setting: Setting) -> None:
        self._play = play
        self._address = family.address
        self._setting = setting
        self._r1, self._r2 = (
            play.node(name, own) for name, own in zip(("r1", "r2"), family.routers, strict=True)
        )
        addresses = ", ".join(f'"{address}"' for address in family.virtual)
        for node in (self._r1, self._r2):
            node.pyvrrp(_CONFIGURATION.format(addresses=addresses, interval=setting.interval_ms))
            node.echo()
        self._client = play.client("client", self._address, family.client)

    def run(self) -> None:
        """Move the address to and fro, and then ask the client what it missed."""
        play = self._play
        play.begin()
        within = self._setting.master_down_interval(200) + _START + NOISE
        start_in_turn(play, self._r1, self._r2, self._address, within)
        play.wait(lambda: self._r2.command("status").returncode == 0, "r2 to listen")
        self._client.start()
        since = play.mark("the client asks")
        self._drained()
        self._resigned()
        self._stopped()
        self._client.finish()
        play.equal("datagrams lost", self._client.lost(since), 0)
        holders = play.succession(self._address, since)
        play.equal("who got it", " ".join(holders), "r1 r2 r1 r2 r1 r2 r1")
        overlap = play.longest_overlap(self._address, since)
        play.at_most("two had the address", overlap, _LINGER + NOISE)
        play.at_most("nobody had it", play.longest_gap(self._address, since), 0.0)

    def _drained(self) -> None:
        play = self._play
        play.mark("r1 is drained", "r1")
        done = self._r1.command("drain", "web")
        play.equal("exit status of drain", done.returncode, 0)
        self._moves_to("r2", self._skew())
        self._r1.stop()
        self._r1.start()
        play.wait(lambda: self._reason() == "drained", "r1 to be back, drained")
        play.equal("the holder after r1's restart", play.holders(self._address), ["r2"])
        play.mark("r1 is undrained", "r1")
        play.equal("exit status of undrain", self._r1.command("undrain").returncode, 0)
        self._moves_to("r1", self._setting.master_down_interval(200))

    def _resigned(self) -> None:
        play = self._play
        play.mark("r1 resigns", "r1")
        play.equal("exit status of resign", self._r1.command("resign", "web").returncode, 0)
        self._moves_to("r2", self._skew())
        refused = self._r1.command("resign", "web")
        play.equal("exit status where there is nothing to resign", refused.returncode, 1)
        play.mark("r2 resigns", "r2")
        play.equal("exit status of resign", self._r2.command("resign", "web").returncode, 0)
        self._moves_to("r1", (256 - 200) * self._setting.interval / 256)

    def _stopped(self) -> None:
        play = self._play
        play.mark("r1 is stopped", "r1")
        self._r1.stop()
        self._moves_to("r2", self._skew())
        play.mark("r1 is started", "r1")
        self._r1.start()
        self._moves_to("r1", self._setting.master_down_interval(200) + _START)

    def _moves_to(self, node: str, seconds: float) -> None:
        self._play.wait_for_holder(self._address, node, within=seconds + _LINGER + _COMMAND + NOISE)

    def _skew(self) -> float:
        return self._setting.skew_time(100)

    def _reason(self) -> object:
        asked = self._r1.command("status", "--json")
        if asked.returncode != 0:
            return None
        return json.loads(asked.stdout)["virtual_routers"][0]["reason"]
