"""The service behind the address fails: how long until its node lets go."""

import random
import time

from benchmarks.pairs import PATIENCE, RIVALS, labs
from experiments.experiment import Experiment
from report.benchmark import FaultReport, Row
from results.setting import Setting


def service(outcome: FaultReport, repeat: int) -> None:
    """Let the service behind the master fail and see when its kernel lets the address go."""
    released: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    with labs(Setting(interval_ms=100, client=False, check=True)) as made:
        for _round in range(repeat):
            for rival in RIVALS:
                released[rival].append(_failservice(made[rival]))
    for rival in RIVALS:
        what = "HTTP 500 to release (interval 1 s, 2 to fall)"
        outcome.rows.append(Row(what, rival, released[rival]))
    limit = 2 * 1.0 + 0.8
    outcome.judge(
        "HTTP 500 to release, slowest",
        max(released["pyvrrp"]),
        limit,
        f"interval x fall + timeout, {limit * 1000:.0f} ms",
    )


def _failservice(lab: Experiment) -> float:
    lab.wait_for_master("r1", PATIENCE)
    time.sleep(random.uniform(0.0, 1.0))
    start = time.time()
    lab.web("r1", "500")
    lab.wait_for_master("r2", PATIENCE, start)
    released = lab.timeline.events("address", "r1", after=start)[0].time - start
    lab.web("r1", "200")
    # A new life has no hold-down, which doubles with each failure of the old one.
    lab.routers["r1"].stop()
    lab.start("r1")
    return released
