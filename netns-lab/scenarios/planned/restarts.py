"""The master is restarted again and again (200 times with `--thorough`); keepalived beside it.

The address goes to the standby and comes back each time. Two nodes never have it together for
longer than a planned move takes. In the end nothing is left behind: no process, no address, no
file, no interface. The standby has the memory and the descriptors that it had before.
"""

from collections.abc import Iterator
from pathlib import Path

from drivers.pyvrrp_daemon import PyvrrpDaemon
from plays.duel import Pair, duel
from plays.node import LabNode
from plays.play import Play
from pyvrrp.testing.commands import run
from results.result import ExperimentResult
from results.setting import HAND_OVER
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_TIMES, _THOROUGH = 15, 200
_OF_RIVAL = 3
_MORE_MEMORY = 2048  # kB


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 20
    times = _THOROUGH if options.thorough else _TIMES
    with Play(f"{times} restarts", f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms)
        both.start()
        pair, rival = both.pairs
        before = _left(pair.first)
        began = play.mark("restarts begin")
        for number in range(times):
            if number < _OF_RIVAL:  # it takes a second to stop
                both.keepalived.first.stop()
            pair.first.stop()
            play.wait(lambda: play.holders(pair.address) == [pair.second.name], "the move")
            if number == 0:
                used = _used(pair.second)  # it has been master once: it has all it needs
            both.each(_start_again)
            play.wait(lambda: play.holders(pair.address) == [pair.first.name], "the return")
        play.mark("restarts end")
        play.sleep(0.3)
        both.finish()
        play.never_two(pair.address, began, HAND_OVER)
        moves = play.succession(pair.address, began)
        play.equal("moves of the address", len(moves) - 1, 2 * times)
        play.equal("what is left behind", _left(pair.first), before)
        more = _used(pair.second)
        play.equal("descriptors of the standby", more[0], used[0])
        grown = more[1] - used[1]
        limit = f"at most {_MORE_MEMORY} kB"
        play.check("its memory has grown by", f"{grown} kB", limit, passed=grown <= _MORE_MEMORY)
        for each, count in ((pair, times), (rival, _OF_RIVAL)):
            lost = each.client.lost(began) / count
            missed = each.client.longest_outage(began)
            found = f"{lost:.1f}, the longest outage {missed * 1000:.0f} ms"
            play.figure(f"{each.implementation}: datagrams lost a restart", found)
    yield play.result()


def _start_again(pair: Pair) -> None:
    daemon = pair.first.daemon
    if daemon is not None and not daemon.running().running:
        daemon.start()


def _left(node: LabNode) -> dict[str, object]:
    """Return everything a daemon might leave behind on its host."""
    files = sorted(file.name for file in node.directory.iterdir())
    return {
        "processes": len(run("ip", "netns", "pids", node.host.namespace).split()),
        "addresses": sorted(node.host.addresses()),
        "links": len(node.host.run("ip", "-br", "link").splitlines()),
        "routes": sorted(node.host.run("ip", "route").splitlines()),
        "files": files,
    }


def _used(node: LabNode) -> tuple[int, int]:
    """Return the open descriptors of the daemon, and its resident memory in kB."""
    daemon = node.daemon
    if not isinstance(daemon, PyvrrpDaemon):
        return 0, 0
    process = Path(f"/proc/{daemon.running().pid}")
    lines = (process / "status").read_text(encoding="ascii").splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return len(list((process / "fd").iterdir())), int(resident)
