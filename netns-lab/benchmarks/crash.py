"""The daemon is killed: how long its kernel keeps the address."""

import random
import statistics
import time
from collections.abc import Callable

from benchmarks.pairs import PATIENCE, labs, until
from experiments.experiment import Experiment
from report.benchmark import FaultReport, Row
from results.setting import Setting

_GONE_WITH_GUARDIAN = 0.2
_LEASE = 2.0
_GONE_WITH_LEASE = _LEASE + 0.2
_STAYS = 5.0  # seconds after which an address that is still there counts as staying
_CRASHES_OF_RIVAL = 3


def crash(outcome: FaultReport, repeat: int) -> None:
    """SIGKILL the master in three ways and see how long its kernel keeps the address."""
    with labs(Setting(interval_ms=100, client=False)) as made:
        ours, theirs = made["pyvrrp"], made["keepalived"]
        router = ours.routers["r1"]
        guarded = [_gone(ours, router.kill_daemon) for _round in range(repeat)]
        leased = [_gone(ours, router.kill) for _round in range(repeat)]
        rival = theirs.routers["r1"]
        kept = [_gone(theirs, rival.kill) for _round in range(min(repeat, _CRASHES_OF_RIVAL))]
    outcome.rows += [
        Row("SIGKILL of the daemon: address gone", "pyvrrp", guarded),
        Row("SIGKILL of daemon and guardian: address gone", "pyvrrp", leased),
        Row(f"SIGKILL: address gone (inf: still there after {_STAYS:.0f} s)", "keepalived", kept),
    ]
    for what, values, limit in (
        ("SIGKILL: address gone with the guardian, median", guarded, _GONE_WITH_GUARDIAN),
        ("SIGKILL of both: address gone with the lease, median", leased, _GONE_WITH_LEASE),
    ):
        outcome.judge(what, statistics.median(values), limit, f"{limit * 1000:.0f} ms")


def _gone(lab: Experiment, kill: Callable[[], object]) -> float:
    """Kill r1, return how long its kernel kept the address, and start it again."""
    lab.wait_for_master("r1", PATIENCE)
    time.sleep(random.uniform(0.2, 0.7))
    start = time.time()
    kill()
    gone = until(lambda: not lab.timeline.holds("r1", lab.address), _STAYS)
    changes = lab.timeline.events("address", "r1", after=start)
    seconds = changes[-1].time - start if gone else float("inf")
    lab.start("r1")
    return seconds
