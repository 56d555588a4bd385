"""From the numbers to what is told: checks against limits, the client's report, its outages."""

from experiments.measures import Measures, Observed
from experiments.result import Check, Span
from experiments.setting import Limits
from pyvrrp.testing.outages import Outage, Run


def judge(title: str, limits: Limits, measures: Measures) -> list[Check]:
    """Hold *measures* against *limits*: one check per limit."""
    found = measures.named()
    checks = []
    for name in Limits.__slots__:
        limit: float | None = getattr(limits, name)
        if limit is None:
            continue
        value = found[name]
        measured = "never" if value is None else f"{value * 1000:.0f} ms"
        passed = value is not None and value <= limit
        checks.append(
            Check(
                f"{title}: {name.replace('_', ' ')}",
                measured,
                f"at most {limit * 1000:.0f} ms",
                passed,
            )
        )
    return checks


def read_observation(said: dict[str, object]) -> Observed:
    """Read what the client has written; TypeError or KeyError if it is something else."""
    outages, runs, direct = said["outages"], said["runs"], said["direct"]
    if not (isinstance(outages, list) and isinstance(runs, list) and isinstance(direct, dict)):
        raise TypeError("not what the client writes")
    return Observed(
        [Outage(**outage) for outage in outages],
        [Run(**run) for run in runs],
        {node: [(start, end) for start, end in times] for node, times in direct.items()},
        float(str(said["longest_stall"])),
    )


def outage_spans(observed: Observed | None) -> list[Span]:
    """Return the outages as the report draws them."""
    if observed is None:
        return []
    return [
        Span(
            outage.start,
            outage.end,
            "outage" if outage.lost else "delay",
            f"{outage.duration * 1000:.0f} ms, {outage.lost} datagrams lost",
        )
        for outage in observed.outages
    ]
