"""What the numbers must be, and whether they are."""

from collections.abc import Iterator, Sequence

from benchmarks.scale.case import CaseNumbers, ScaleCase
from report.benchmark import Target

_COMPARED = (ScaleCase(250, 1000), ScaleCase(100, 100))
_ONE, _MANY = ScaleCase(1, 1000), ScaleCase(250, 1000)
_MIB, _KB = 1 << 20, 1000
_MEMORY = 30 * _MIB
_MEMORY_EACH = 20 * _KB
_LATE = 0.100


def judge(numbers: Sequence[CaseNumbers]) -> list[Target]:
    """Return the targets that can be judged with these *numbers*."""
    found = {(each.implementation, each.case): each for each in numbers}
    return [
        *_costs(found),
        *_memory(found),
        *(_late(found["pyvrrp", _MANY]) if ("pyvrrp", _MANY) in found else ()),
    ]


def _costs(found: dict[tuple[str, ScaleCase], CaseNumbers]) -> Iterator[Target]:
    for case in _COMPARED:
        ours, theirs = found.get(("pyvrrp", case)), found.get(("keepalived", case))
        if ours is None or theirs is None:
            continue
        for what, mine, limit in (
            ("sent", ours.sent_cost, theirs.sent_cost),
            ("received", ours.received_cost, theirs.received_cost),
        ):
            yield Target(
                f"{case.routers} at {case.interval_ms} ms: processor time for each one {what}",
                _shown(mine, 1, "us"),
                f"at most keepalived's {_shown(limit, 1, 'us')}",
                mine is not None and limit is not None and mine <= limit,
            )


def _memory(found: dict[tuple[str, ScaleCase], CaseNumbers]) -> Iterator[Target]:
    one, many = found.get(("pyvrrp", _ONE)), found.get(("pyvrrp", _MANY))
    if one is None:
        return
    memory = one.memory
    yield Target(
        "memory with one virtual router",
        _shown(memory, _MIB, "MiB"),
        "at most 30 MiB",
        memory is not None and memory <= _MEMORY,
    )
    if many is None:
        return
    each = None
    if memory is not None and many.memory is not None:
        each = (many.memory - memory) / (_MANY.routers - _ONE.routers)
    yield Target(
        "memory for each further virtual router",
        _shown(each, _KB, "kB"),
        "at most 20 kB",
        each is not None and each <= _MEMORY_EACH,
    )


def _late(many: CaseNumbers) -> Iterator[Target]:
    complete = many.taken_over == many.case.routers
    late = many.last_takeover
    yield Target(
        f"{many.case.routers} at {many.case.interval_ms} ms: last takeover after "
        "Master_Down_Interval",
        _shown(late, 0.001, "ms") + ("" if complete else f", {many.taken_over or 0} of all"),
        "at most 100 ms, all of them",
        complete and late is not None and late <= _LATE,
    )


def _shown(value: float | None, unit: float, name: str) -> str:
    return "not measured" if value is None else f"{value / unit:.1f} {name}"
