"""The wall clock is set back an hour, and forward again; keepalived beside it.

Nothing happens: no advertisement is late, no node changes its state, the client loses nothing. Only
the daemons of this scenario see the other time (keepalived through libfaketime), not the machine
they run on.
"""

import json
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from drivers import Daemon
from drivers.pyvrrp_daemon import PyvrrpDaemon
from plays.duel import Duel, Pair, duel
from plays.play import Play
from pyvrrp.testing.errors import BenchError
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_HOUR = 3600
_DWELL = 1.5


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("the clock is set", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        clock = play.network.directory / "clock"
        _set(clock, "+0")
        for pair in both.pairs:
            for node in (pair.first, pair.second):
                _fake(node.daemon, clock)
        both.start()
        began = play.mark("the clock is set back an hour")
        _set(clock, f"-{_HOUR}")
        play.sleep(_DWELL)
        _prove(play, both.pyvrrp, _HOUR)
        play.mark("the clock is set forward again")
        _set(clock, "+0")
        play.sleep(_DWELL)
        both.finish()
        _judge(play, both, began)
    yield play.result()


def _set(clock: Path, offset: str) -> None:
    """Replace the file as a whole: a daemon reads it each time it asks what time it is."""
    new = clock.with_name("clock.new")
    new.write_text(offset + "\n", encoding="ascii")
    new.replace(clock)


def _fake(daemon: Daemon | None, clock: Path) -> None:
    if isinstance(daemon, PyvrrpDaemon):
        # libfaketime moves timers that are bound to other clocks too.
        module = (sys.executable, "-m", "pyvrrp.testing.another_clock")
        daemon.program = (*module, str(clock))
        return
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if daemon is None or not libraries:
        raise BenchError("libfaketime is not installed; netns-lab/bootstrap --with-testers does")
    daemon.environment |= {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _prove(play: Play, pair: Pair, hour: float) -> None:
    """Let the standby say what time it thinks it is: it stops, and starts again."""
    pair.second.stop()
    daemon = pair.second.daemon
    lines = [] if daemon is None else daemon.output().splitlines()
    behind = time.time() - float(json.loads(lines[-1])["time"])
    about = f"{hour} s, within a minute"
    found = f"{behind:.0f} s"
    play.check("the daemon's clock is behind", found, about, passed=abs(behind - hour) < 60)
    pair.second.start()


def _judge(play: Play, both: Duel, began: float) -> None:
    for pair in both.pairs:
        name = pair.implementation
        sent = [event.time for event in play.timeline.advertisements(pair.first.name, after=began)]
        gap = max((later - earlier for earlier, later in pairwise(sent)), default=float("inf"))
        moves = play.succession(pair.address, began)
        lost = pair.client.lost(began)
        if pair is both.keepalived:
            play.figure(f"{name}: longest between two advertisements", f"{gap * 1000:.0f} ms")
            play.figure(f"{name}: who has the address", moves)
            continue
        limit = both.setting.interval + NOISE
        play.at_most("longest between two advertisements", gap, limit)
        play.equal("who has the address", moves, [pair.first.name])
        changes = play.timeline.events("state", pair.first.name, after=began)
        play.equal("changes of the master's state", len(changes), 0)
        play.equal("datagrams the client lost", lost, 0)
