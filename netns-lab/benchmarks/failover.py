"""The power of the master fails: how long until another one advertises."""

import random
import statistics
import time

from benchmarks.pairs import PATIENCE, RIVALS, labs
from experiments.experiment import Experiment
from pyvrrp.testing.errors import BenchError
from report.benchmark import FaultReport, Row, Target
from results.setting import ChangeLimits, Setting

# Last advertisement of the old to first of the new master, over Master_Down_Interval.
RATIOS = {1000: 1.005, 100: 1.010, 10: 1.040}
_MEASURING_ERROR = 0.001  # seconds between a fault and its time stamp


def power_off(outcome: FaultReport, interval_ms: int, repeat: int) -> None:
    """Cut the master's port at the same phases for both, alternately, and heal it."""
    setting = Setting(interval_ms=interval_ms, client=False)
    phases = [(number + 0.5) / repeat for number in range(repeat)]
    random.shuffle(phases)
    advertised: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    ratios: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    with labs(setting) as made:
        for number, phase in enumerate(phases):
            # They take turns in being the first; one lab recovers while the other is measured.
            for rival in RIVALS if number % 2 == 0 else RIVALS[::-1]:
                measures = _cut_and_heal(made[rival], phase)
                advertised[rival].append(measures[0])
                ratios[rival].append(measures[1])
    for rival in RIVALS:
        what = f"{interval_ms} ms: power-off to first advertisement"
        outcome.rows.append(Row(what, rival, advertised[rival]))
    for rival in RIVALS:
        what = f"{interval_ms} ms: advertisement to advertisement / Master_Down_Interval"
        outcome.rows.append(Row(what, rival, ratios[rival], unit="ratio"))
    ours, theirs = (statistics.median(advertised[rival]) for rival in RIVALS)
    outcome.judge(
        f"{interval_ms} ms: power-off to first advertisement, median",
        ours,
        theirs + _MEASURING_ERROR,
        f"keepalived's {theirs * 1000:.1f} ms + 1 ms",
    )
    ratio, most = statistics.median(ratios["pyvrrp"]), RATIOS.get(interval_ms, max(RATIOS.values()))
    outcome.targets.append(
        Target(
            f"{interval_ms} ms: over Master_Down_Interval, median",
            f"{ratio:.4f}",
            f"at most {most:.3f}",
            ratio <= most,
        )
    )


def _cut_and_heal(lab: Experiment, phase: float) -> tuple[float, float]:
    lab.wait_for_master("r1", PATIENCE)
    interval = lab.setting.interval
    time.sleep(4 * interval)  # both have settled
    last = lab.timeline.advertisements("r1")[-1].time
    wait = (last + phase * interval - time.time()) % interval
    time.sleep(wait)
    segment, r1 = lab.segment, lab.host("r1")
    change = lab.change(
        "power-off",
        lambda: segment.cut(r1),
        old="r1",
        new="r2",
        limits=ChangeLimits(),
        patience=PATIENCE,
        sudden=True,
        dwell=0.0,
    )
    measures = lab.measure(change)
    segment.heal(r1)
    if measures.first_advertisement is None or measures.overshoot is None:
        raise BenchError("no advertisement of the new master was seen")
    return measures.first_advertisement, measures.overshoot
