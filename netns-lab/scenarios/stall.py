"""The master is stopped for six seconds (SIGSTOP) and goes on (SIGCONT); keepalived beside it.

A process that is stopped can do nothing, and yet its address leaves the node: the kernel lets the
lease run out. The standby serves after Master_Down_Interval. When the stopped master goes on it is
BACKUP before it sends anything, and nobody serves twice from then on. keepalived keeps the address
all the time. (A6)
"""

from collections.abc import Iterator

from experiments.duel import Pair, duel
from experiments.play import Play
from experiments.result import ExperimentResult
from experiments.setting import NOISE

from scenarios import Options

NEEDS = ("pyvrrp", "keepalived")
_STOPPED = 6.0
_LEASE = 2.0
_KERNEL_LATE = 0.7  # the kernel removes an address that has run out so much later


def experiments(options: Options) -> Iterator[ExperimentResult]:
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
