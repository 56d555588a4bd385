"""From times of advertisements to the numbers of the benchmark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.scale.case import Case

_NEARLY_ALL = 0.95
Sent = Mapping[int, Sequence[float]]  # by VRID: when it was advertised, in Unix seconds


@dataclass(frozen=True, slots=True)
class CountedWindow:
    """What was counted while nothing changed; processor times in nanoseconds."""

    seconds: float
    sent: int  # by the better node
    sent_by_lower: int
    received: int  # by the lower node
    used_by_better: int
    used_by_lower: int
    foreign_load: float  # processors busy with anything else


def is_steady(window: CountedWindow, case: Case) -> bool:
    """Whether the better node was the only master, and sent nearly all that it should."""
    least = _NEARLY_ALL * (case.expected(window.seconds) - case.routers)
    return not window.sent_by_lower and min(window.sent, window.received) >= max(least, 1)


def times_master(sent: Sent, interval: float) -> int:
    """Return how many times a node became master: an advertisement after a silence.

    A master is never silent for two intervals, and a node that stepped down is for three at least.
    """
    return sum(
        1
        for times in sent.values()
        for number, time in enumerate(times)
        if number == 0 or time - times[number - 1] > 2 * interval
    )


def reigns_alone(first: Sent, second: Sent, routers: int, now: float, quiet: float) -> bool:
    """Whether *first* has sent for all *routers*, and *second* nothing for *quiet* seconds."""
    last = max((times[-1] for times in second.values()), default=0.0)
    return len(first) == routers and now - last > quiet


def takeovers(old: Sent, new: Sent, cut: float, master_down_interval: float) -> list[float]:
    """Return how late each takeover was, in seconds after Master_Down_Interval, ascending.

    It is counted for each virtual router from the last advertisement of its old master. One that
    the new master advertised before the *cut* already is left out.
    """
    return sorted(
        new[vrid][0] - (times[-1] + master_down_interval)
        for vrid, times in old.items()
        if vrid in new and new[vrid][0] > cut
    )
