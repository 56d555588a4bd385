"""Compare pyvrrp with keepalived: the same faults, alternately, in one run."""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from drivers import DRIVERS
from experiments.experiment import Experiment
from experiments.setting import Limits, Member, Setting
from report.benchmark import Outcome, Row, Target

from pyvrrp.testing.errors import BenchError

RIVALS = ("pyvrrp", "keepalived")
# Last advertisement of the old to first of the new master, over Master_Down_Interval.
RATIOS = {1000: 1.005, 100: 1.010, 10: 1.040}
_MEASURING_ERROR = 0.001  # seconds between a fault and its time stamp
_GONE_WITH_GUARDIAN = 0.2
_LEASE = 2.0
_GONE_WITH_LEASE = _LEASE + 0.2
_STAYS = 5.0  # seconds after which an address that is still there counts as staying
_CRASHES_OF_RIVAL = 3
_SERVICE_FAILURES = 5
_PATIENCE = 20.0
# Below this interval a fault's moment is as uncertain as the phase it should hit: more of them.
_FINE_MS = 100
_MORE = 4


def run(intervals: Sequence[int], repeat: int, report: Path | None, *, as_json: bool) -> int:
    """Run everything, print it, and return 0 if every target holds, else 1."""
    missing = [DRIVERS[rival].missing() for rival in RIVALS if DRIVERS[rival].missing()]
    if missing:
        raise BenchError(f"not installed: {', '.join(missing)}; netns-lab/bootstrap --with-testers")
    outcome = Outcome()
    for interval_ms in intervals:
        times = repeat * (_MORE if interval_ms < _FINE_MS else 1)
        with _part(outcome, f"power-off at {interval_ms} ms, {times} times each"):
            _power_off(outcome, interval_ms, times)
    with _part(outcome, "SIGKILL"):
        _crash(outcome, repeat)
    with _part(outcome, "a service that fails"):
        _service(outcome, min(repeat, _SERVICE_FAILURES))
    told = json.dumps(outcome.as_json(), indent=1) + "\n"
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        (report / "bench.json").write_text(told, encoding="utf-8")
    sys.stdout.write(told if as_json else "\n".join(outcome.text()) + "\n")
    return 0 if all(target.held for target in outcome.targets) else 1


@contextmanager
def _part(outcome: Outcome, what: str) -> Iterator[None]:
    """Run one part; one that is broken off is a target missed, and the others still count."""
    sys.stderr.write(f"bench: {what}\n")
    sys.stderr.flush()
    try:
        yield
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        outcome.targets.append(Target(what, str(error).partition("\n")[0], "measured", held=False))


def _power_off(outcome: Outcome, interval_ms: int, repeat: int) -> None:
    """Cut the master's port at the same phases for both, alternately, and heal it."""
    setting = Setting(interval_ms=interval_ms, client=False)
    phases = [(number + 0.5) / repeat for number in range(repeat)]
    random.shuffle(phases)
    advertised: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    ratios: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    with _labs(setting) as labs:
        for number, phase in enumerate(phases):
            # Whoever goes first changes; one lab recovers while the other is measured.
            for rival in RIVALS if number % 2 == 0 else RIVALS[::-1]:
                measures = _cut_and_heal(labs[rival], phase)
                advertised[rival].append(measures[0])
                ratios[rival].append(measures[1])
    for rival in RIVALS:
        what = f"{interval_ms} ms: power-off to first advertisement"
        outcome.rows.append(Row(what, rival, advertised[rival]))
    for rival in RIVALS:
        what = f"{interval_ms} ms: advertisement to advertisement / Master_Down_Interval"
        outcome.rows.append(Row(what, rival, ratios[rival], ratio=True))
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
    lab.wait_for_master("r1", _PATIENCE)
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
        limits=Limits(),
        patience=_PATIENCE,
        sudden=True,
        dwell=0.0,
    )
    measures = lab.measure(change)
    segment.heal(r1)
    if measures.first_advertisement is None or measures.overshoot is None:
        raise BenchError("no advertisement of the new master was seen")
    return measures.first_advertisement, measures.overshoot


def _crash(outcome: Outcome, repeat: int) -> None:
    """SIGKILL the master in three ways and see how long its kernel keeps the address."""
    with _labs(Setting(interval_ms=100, client=False)) as labs:
        ours, theirs = labs["pyvrrp"], labs["keepalived"]
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
    lab.wait_for_master("r1", _PATIENCE)
    time.sleep(random.uniform(0.2, 0.7))
    start = time.time()
    kill()
    gone = _until(lambda: not lab.timeline.holds("r1", lab.address), _STAYS)
    changes = lab.timeline.events("address", "r1", after=start)
    seconds = changes[-1].time - start if gone else float("inf")
    lab.start("r1")
    return seconds


def _service(outcome: Outcome, repeat: int) -> None:
    """Let the service behind the master fail and see when its kernel lets the address go."""
    released: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    with _labs(Setting(interval_ms=100, client=False, check=True)) as labs:
        for _round in range(repeat):
            for rival in RIVALS:
                released[rival].append(_fail_service(labs[rival]))
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


def _fail_service(lab: Experiment) -> float:
    lab.wait_for_master("r1", _PATIENCE)
    time.sleep(random.uniform(0.0, 1.0))
    start = time.time()
    lab.web("r1", "500")
    lab.wait_for_master("r2", _PATIENCE, start)
    released = lab.timeline.events("address", "r1", after=start)[0].time - start
    lab.web("r1", "200")
    # A new life has no hold-down, which doubles with each failure of the old one.
    lab.routers["r1"].stop()
    lab.start("r1")
    return released


def _until(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False


@contextmanager
def _labs(setting: Setting) -> Iterator[Mapping[str, Experiment]]:
    """Both labs at once, started."""
    labs = {
        rival: Experiment(rival, setting, (Member(rival, 200), Member(rival, 100)))
        for rival in RIVALS
    }
    with ExitStack() as stack:
        for lab in labs.values():
            stack.enter_context(lab)
        for lab in labs.values():
            lab.start()
        yield labs
    # An experiment that is broken off keeps its error for a report; here there is none.
    for lab in labs.values():
        if lab.error:
            raise BenchError(lab.error)
