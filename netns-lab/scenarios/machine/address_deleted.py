"""An operator deletes a virtual address of the master, several times; keepalived beside it.

The address is back and announced within 20 ms, the node stays master, and its other virtual
addresses are not touched. The third time within ten seconds raises an alarm.
"""

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from drivers.pyvrrp_daemon import PyvrrpDaemon
from plays.duel import Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_TIMES = 4
_BACK = 0.020
_DWELL = 0.4


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("an address deleted by hand", f"{interval_ms} ms", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, count=3)
        both.start(clients=False)
        began = play.mark("the second of three addresses is deleted")
        for _time in range(_TIMES):
            both.each(_delete)
            play.sleep(_DWELL)
        _judge(play, both.pyvrrp, began)
        rival = both.keepalived
        back = _absences(play, rival, began)
        held = play.holders(rival.addresses[1])
        play.figure(
            "keepalived: the address is back after",
            ", ".join(f"{each * 1000:.0f} ms" for each in back)
            or f"{held} had it {_TIMES} deletions on",
        )
    yield play.result()


def _delete(pair: Pair) -> None:
    held = pair.first.host.addresses("eth0")
    if pair.addresses[1] in held:
        pair.first.ip(f"address del {pair.addresses[1]}/24 dev eth0")


def _judge(play: Play, pair: Pair, began: float) -> None:
    name = pair.first.name
    back = _absences(play, pair, began)
    play.equal("how often it came back", len(back), _TIMES)
    play.at_most("it is back, median", median(back or [float("inf")]), _BACK)
    play.at_most("it is back, slowest", max(back, default=float("inf")), _BACK + NOISE)
    for address in (pair.addresses[0], pair.addresses[2]):
        events = [
            event
            for event in play.timeline.events("address", name, after=began)
            if event.what["address"] == address
        ]
        play.equal(f"what became of {address}", len(events), 0)
    announced = [
        event
        for event in play.timeline.events("announcement", name, after=began)
        if event.what["address"] == pair.addresses[1]
    ]
    play.check(
        "it is announced anew",
        len(announced),
        f"at least {_TIMES}",
        passed=len(announced) >= _TIMES,
    )
    states = play.timeline.events("state", name, after=began)
    play.equal("changes of state", len(states), 0)
    daemon = pair.first.daemon
    alarms = daemon.events("address_fight") if isinstance(daemon, PyvrrpDaemon) else []
    play.equal("alarms", len(alarms), 1)


def _absences(play: Play, pair: Pair, began: float) -> list[float]:
    held = play.held(pair.addresses[1], began)[pair.first.name]
    return [start - end for (_first, end), (start, _last) in pairwise(held)]
