"""Compare numbers with their limits, and prepare outages for the drawing."""

from pyvrrp.testing.measure.outages import Observation
from results.measures import Measures
from results.result import Check, LaneSpan
from results.setting import ChangeLimits

_MOST_ALLOWED = 1.0  # seconds; a machine that stands still for longer can judge nothing


def judge(title: str, limits: ChangeLimits, measures: Measures, stall: float = 0.0) -> list[Check]:
    """Compare *measures* with *limits*: one check for each limit.

    *stall* is the longest time, in seconds, in which the measuring client did not run itself. A
    time may exceed its limit by so much: that is the machine and not the product. The check says
    it.
    """
    allowance = min(stall, _MOST_ALLOWED)
    found = measures.named()
    checks = []
    for name in ChangeLimits.__slots__:
        limit: float | None = getattr(limits, name)
        if limit is None:
            continue
        value = found[name]
        measured = "never" if value is None else f"{value * 1000:.0f} ms"
        passed = value is not None and value <= limit + allowance
        if value is not None and limit < value <= limit + allowance:
            measured += f" (the machine stood still for {stall * 1000:.0f} ms)"
        checks.append(
            Check(
                f"{title}: {name.replace('_', ' ')}",
                measured,
                f"at most {limit * 1000:.0f} ms",
                passed,
            )
        )
    return checks


def outage_spans(observed: Observation | None) -> list[LaneSpan]:
    """Return the outages as the report draws them."""
    if observed is None:
        return []
    return [
        LaneSpan(
            outage.start,
            outage.end,
            "outage" if outage.lost else "delay",
            f"{outage.duration * 1000:.0f} ms, {outage.lost} datagrams lost",
        )
        for outage in observed.outages
    ]
