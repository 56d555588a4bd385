"""Compare pyvrrp with keepalived: the same faults, alternately, in one run."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.crash import crash, killed
from benchmarks.failover import power_off
from benchmarks.hang import hang
from benchmarks.hostile import hostile
from benchmarks.pairs import RIVALS
from benchmarks.partition import partition
from benchmarks.planned import planned
from benchmarks.scale.case import ScaleCase
from benchmarks.scale.run import scale
from benchmarks.service import service
from drivers import DRIVERS
from pyvrrp.testing.errors import BenchError
from report.benchmark import BenchmarkReport, FaultReport, Target, benchmark_page, benchmark_text

_SERVICE_FAILURES = 5
_PARTITIONS = 20
# Below this interval a fault's moment is as uncertain as the phase it should hit: more of them.
_FINE_MS = 100
_MORE = 4
PARTS = ("power-off", "crash", "service", "planned", "hang", "partition")


def run(
    parts: Sequence[str],
    intervals: Sequence[int],
    repeat: int,
    report: Path | None,
    *,
    as_json: bool,
) -> int:
    """Run these parts, print what was found, and return 0 if every target holds, else 1."""
    missing = [DRIVERS[rival].missing() for rival in RIVALS if DRIVERS[rival].missing()]
    if missing:
        raise BenchError(f"not installed: {', '.join(missing)}; netns-lab/bootstrap --with-testers")
    outcome = FaultReport()
    for part, what, measure in _measurements(intervals, repeat):
        if part in parts:
            with _broken_off_is_missed(outcome, what):
                measure(outcome)
    return tell(outcome, report, as_json=as_json)


def run_scale(
    cases: Sequence[ScaleCase],
    implementations: Sequence[str],
    window: float,
    report: Path | None,
    *,
    as_json: bool,
) -> int:
    """Measure many virtual routers; print and return as `run` does."""
    return tell(scale(cases, implementations, window), report, as_json=as_json)


def run_hostile(window: float, report: Path | None, *, as_json: bool) -> int:
    """Measure what hostile servers do to a master; print and return as `run` does."""
    outcome = FaultReport()
    with _broken_off_is_missed(outcome, "hostile servers"):
        hostile(outcome, window)
    return tell(outcome, report, as_json=as_json)


def tell(found: BenchmarkReport, report: Path | None, *, as_json: bool) -> int:
    """Print what was found, write it below *report*, and return 0 if every target holds, else 1."""
    told = json.dumps(found.as_json(), indent=1) + "\n"
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        (report / "bench.json").write_text(told, encoding="utf-8")
        page = benchmark_page("pyvrrp benchmark", found)
        (report / "bench.html").write_text(page, encoding="utf-8")
    sys.stdout.write(told if as_json else benchmark_text(found))
    return 0 if all(target.held for target in found.targets) else 1


def _measurements(
    intervals: Sequence[int], repeat: int
) -> Iterator[tuple[str, str, Callable[[FaultReport], None]]]:
    """Yield the part each belongs to, what it is, and how it is done."""
    for interval_ms in intervals:
        times = repeat * (_MORE if interval_ms < _FINE_MS else 1)
        yield (
            "power-off",
            f"power-off at {interval_ms} ms, {times} times each",
            partial(power_off, interval_ms=interval_ms, repeat=times),
        )
    for interval_ms in intervals:
        for ipv6 in (False, True):
            yield (
                "crash",
                f"SIGKILL at {interval_ms} ms, {'IPv6' if ipv6 else 'IPv4'}",
                partial(killed, interval_ms=interval_ms, times=repeat, ipv6=ipv6),
            )
    yield "crash", "SIGKILL of daemon and guardian", partial(crash, repeat=repeat)
    failures = min(repeat, _SERVICE_FAILURES)
    yield "service", "a service that fails", partial(service, repeat=failures)
    for interval_ms in intervals:
        for ipv6 in (False, True):
            family = "IPv6" if ipv6 else "IPv4"
            yield (
                "planned",
                f"planned moves at {interval_ms} ms, {family}",
                partial(planned, interval_ms=interval_ms, times=repeat, ipv6=ipv6),
            )
    yield "hang", "a web server that hangs", partial(hang, times=repeat)
    yield "partition", f"{_PARTITIONS} partitions", partial(partition, times=_PARTITIONS)


@contextmanager
def _broken_off_is_missed(outcome: FaultReport, what: str) -> Iterator[None]:
    """Run one part; one that is broken off is a target missed, and the others still count."""
    sys.stderr.write(f"bench: {what}\n")
    sys.stderr.flush()
    try:
        yield
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        outcome.targets.append(Target(what, str(error).partition("\n")[0], "measured", held=False))
