"""The daemon is killed: what a client loses, and how long its kernel keeps the address."""

import random
import statistics
import time
from collections.abc import Callable

from benchmarks.pairs import PATIENCE, labs, until
from experiments.experiment import Experiment
from plays.duel import Duel, Pair, duel
from plays.play import Play
from report.benchmark import FaultReport, Row, Target
from results.setting import Setting

_LEASE = 2.0
_GONE_WITH_LEASE = _LEASE + 0.2
_STAYS = 5.0  # seconds after which an address that is still there counts as staying
_CRASHES_OF_RIVAL = 3
_DWELL = 1.2  # a Linux client accepts no second change of a neighbour within a second
_LONGEST_OVERLAP = 0.55  # seconds: 500 ms for a successor that announces late, usually 50 ms


def crash(outcome: FaultReport, repeat: int) -> None:
    """SIGKILL daemon and guardian of the master and see how long its kernel keeps the address."""
    with labs(Setting(interval_ms=100, client=False)) as made:
        ours, theirs = made["pyvrrp"], made["keepalived"]
        router = ours.routers["r1"]
        leased = [_gone(ours, router.kill) for _round in range(repeat)]
        rival = theirs.routers["r1"]
        kept = [_gone(theirs, rival.kill) for _round in range(min(repeat, _CRASHES_OF_RIVAL))]
    outcome.rows += [
        Row("SIGKILL of daemon and guardian: address gone", "pyvrrp", leased),
        Row(f"SIGKILL: address gone (inf: still there after {_STAYS:.0f} s)", "keepalived", kept),
    ]
    what = "SIGKILL of both: address gone with the lease, median"
    limit = _GONE_WITH_LEASE
    outcome.judge(what, statistics.median(leased), limit, f"{limit * 1000:.0f} ms")


def killed(outcome: FaultReport, interval_ms: int, times: int, *, ipv6: bool) -> None:
    """SIGKILL the master's daemon, alternately for both, while a client asks."""
    name = f"{interval_ms} ms, {'IPv6' if ipv6 else 'IPv4'}"
    with Play(name, name) as play:
        both = duel(play, interval_ms=interval_ms, ipv6=ipv6)
        both.start()
        play.sleep(_DWELL)
        spans = {
            pair.implementation: [
                _kill(play, both, pair)
                for _ in range(times if pair is both.pyvrrp else 1)  # it does not start again
            ]
            for pair in both.pairs
        }
        both.finish()
    play.raise_error()
    for pair in both.pairs:
        found = spans[pair.implementation]
        lost = [pair.client.lost(start, end) for start, end in found]
        overlaps = [play.longest_overlap(pair.address, start, end) for start, end in found]
        outcome.rows += [
            Row(f"{name}: SIGKILL, datagrams lost", pair.implementation, lost, unit="count"),
            Row(f"{name}: SIGKILL, both have the address", pair.implementation, overlaps),
        ]
        if pair is both.pyvrrp:
            target = f"{name}: SIGKILL, datagrams lost in {len(lost)} kills"
            held = bool(lost) and sum(lost) == 0
            outcome.targets.append(Target(target, str(sum(lost)), "0", held))
            what = f"{name}: SIGKILL, both have the address, longest"
            allowed = f"{_LONGEST_OVERLAP * 1000:.0f} ms"
            outcome.judge(what, max(overlaps), _LONGEST_OVERLAP, allowed)


def _kill(play: Play, both: Duel, pair: Pair) -> tuple[float, float]:
    """Kill the first router, bring ours back, and return from when to when to judge the client."""
    first, second = pair.first, pair.second
    play.sleep(random.uniform(0.0, both.setting.interval))
    start = play.mark(f"{pair.implementation}: SIGKILL")
    if pair is both.pyvrrp:
        first.kill_daemon()
        gone = f"{second.name} to hold it alone"
        play.wait(lambda: play.holders(pair.address) == [second.name], gone, PATIENCE)
    else:
        first.kill()
        play.wait(lambda: second.name in play.holders(pair.address), second.name, PATIENCE)
    play.sleep(_DWELL)
    end = time.time()
    if pair is not both.pyvrrp:
        return start, end
    first.start()
    back = f"{first.name} to hold it again"
    play.wait(lambda: play.holders(pair.address) == [first.name], back, PATIENCE)
    play.sleep(_DWELL)
    return start, end


def _gone(lab: Experiment, kill: Callable[[], object]) -> float:
    """Kill r1, return how long its kernel kept the address, and start it again."""
    lab.wait_for_master("r1", PATIENCE)
    time.sleep(random.uniform(0.2, 0.7))
    start = time.time()
    kill()
    gone = until(lambda: not lab.timeline.holds("r1", lab.address), _STAYS)
    changes = lab.timeline.events("address", "r1", after=start)
    seconds = changes[-1].time - start if gone else float("inf")
    lab.start("r1")
    return seconds
