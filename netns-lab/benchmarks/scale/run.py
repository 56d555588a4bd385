"""Run the cases, for all implementations that are installed, within a time."""

import sys
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.scale.case import CASES, Case, CaseNumbers
from benchmarks.scale.judge import judge
from benchmarks.scale.measure import measure
from benchmarks.scale.tables import ScaleReport
from drivers import DRIVERS
from pyvrrp.testing.errors import BenchError

IMPLEMENTATIONS = ("pyvrrp", "keepalived", "frr")
WINDOW = 20.0  # seconds
_ALL = 900.0  # seconds the whole run may take
_ONE = 140.0  # seconds one measurement may take in the worst case, beside its windows


def scale(cases: Sequence[Case], implementations: Sequence[str], window: float) -> ScaleReport:
    """Measure all *cases*, the implementations alternately."""
    missing = {name: DRIVERS[name].missing() for name in implementations}
    installed = [name for name in implementations if not missing[name]]
    notes = [f"{name} is not measured: not installed" for name in implementations if missing[name]]
    end = time.monotonic() + _ALL - _ONE - 2 * window
    numbers: list[CaseNumbers] = []
    for case in cases:
        for name in installed:
            if time.monotonic() > end:
                numbers.append(CaseNumbers(name, case, notes=["the time of the run was over"]))
            else:
                numbers.append(measure(name, case, window, partial(_say, f"{name} {case}")))
    return ScaleReport(numbers, judge(numbers), notes)


def read_cases(text: str) -> list[Case]:
    """Return the cases named as `250x1000,100x100`; empty: all."""
    if not text:
        return list(CASES)
    try:
        pairs = [tuple(map(int, part.split("x"))) for part in text.split(",")]
        cases = [Case(routers, interval_ms) for routers, interval_ms in pairs]
    except (ValueError, TypeError) as error:
        raise BenchError(f"{text}: cases are written as 250x1000,100x100") from error
    for case in cases:
        if not (1 <= case.routers <= 250 and 10 <= case.interval_ms <= 40950):
            raise BenchError(f"{case}: 1 to 250 virtual routers at 10 to 40950 ms")
    return cases


def _say(of: str, what: str) -> None:
    sys.stderr.write(f"bench: {of} {what}\n")
    sys.stderr.flush()
