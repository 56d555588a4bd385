"""Which nodes had an address and when, according to their kernels."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pyvrrp.testing.measure.outages import Interval


def at_least(count: int, held: Mapping[str, Sequence[Interval]]) -> list[Interval]:
    """Return when at least *count* nodes had the address."""
    steps = sorted(
        step
        for intervals in held.values()
        for start, end in intervals
        for step in ((start, 1), (end, -1))
    )
    found: list[Interval] = []
    holders = 0
    for (time, step), following in pairwise([*steps, (0.0, 0)]):
        holders += step
        if holders >= count:
            if found and found[-1][1] == time:
                found[-1] = (found[-1][0], following[0])
            elif following[0] > time:
                found.append((time, following[0]))
    return found


def gaps(held: Mapping[str, Sequence[Interval]], start: float, end: float) -> list[Interval]:
    """Return when nobody had the address between *start* and *end*."""
    free: list[Interval] = []
    since = start
    for first, last in at_least(1, held):
        if first > since and first <= end:
            free.append((since, first))
        since = max(since, min(last, end))
    if since < end:
        free.append((since, end))
    return free


def succession(held: Mapping[str, Sequence[Interval]], start: float, end: float) -> list[str]:
    """Return who got the address between *start* and *end*, after who had it at *start*."""
    begun = sorted((first, node) for node, each in held.items() for first, _last in each)
    before = [
        node for node, each in held.items() if any(first < start < last for first, last in each)
    ]
    return before + [node for first, node in begun if start <= first < end]


def longest(intervals: Sequence[Interval]) -> float:
    """Return how long the longest lasts, in seconds."""
    return max((end - start for start, end in intervals), default=0.0)
