"""The master is stopped for six seconds (SIGSTOP) and continued (SIGCONT); keepalived beside it.

A stopped process can do nothing, but its address still leaves the node, because the lease expires
in the kernel. The standby serves after Master_Down_Interval. When the stopped master continues, it
is BACKUP before it sends anything, and no two nodes serve from then on. keepalived keeps the
address all the time. (A6)
"""

from collections.abc import Iterator

from plays.duel import Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_STOPPED = 6.0
_LEASE = 2.0
_KERNEL_LATE = 0.7  # the kernel removes an address that has run out so much later


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    title = "SIGSTOP for 6 s, then SIGCONT; manual failback"
    with Play(title, f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, preempt=False)
        both.start()
        stopped = play.mark("SIGSTOP for the masters")
        both.each(lambda pair: pair.first.pause())
        play.sleep(_STOPPED)
        resumed = play.mark("SIGCONT")
        both.each(lambda pair: pair.first.resume())
        play.sleep(2 * both.down + 1.0)
        both.finish()
        _judge(play, both.pyvrrp, both.down, stopped, resumed)
        kept = both.keepalived
        overlap = play.longest_overlap(kept.address, stopped)
        play.figure("keepalived: two had the address", f"{overlap * 1000:.0f} ms")
    yield play.result()


def _judge(play: Play, pair: Pair, down: float, stopped: float, resumed: float) -> None:
    old, new = pair.first.name, pair.second.name
    held = play.held(pair.address, stopped)
    play.equal(
        "who has the address, one after the other",
        play.succession(pair.address, stopped),
        [old, new],
    )
    taken = held[new][0][0] - stopped if held[new] else float("inf")
    play.at_most(f"{new} has the address", taken, down + NOISE)
    gone = held[old][-1][1] - stopped if held[old] else 0.0
    play.at_most(f"{old} has it no longer", gone, _LEASE + _KERNEL_LATE + NOISE)
    play.at_most("two have it after SIGCONT", play.longest_overlap(pair.address, resumed), 0.0)
    sent = play.timeline.advertisements(old, after=resumed)
    play.equal(f"advertisements of {old} after SIGCONT", len(sent), 0)
    states = [
        str(event.what["state"]) for event in play.timeline.events("state", old, after=resumed)
    ]
    play.equal(f"what {old} becomes after SIGCONT", states[:1], ["BACKUP"])
    outage = pair.client.longest_outage(resumed)
    play.at_most("the client's longest outage after SIGCONT", outage, NOISE)
