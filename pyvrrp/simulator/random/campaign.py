"""Runs many random scenarios on all processors, and finds the first that breaks an invariant."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from pyvrrp.simulator.judges.rules.invariants import Violation
from pyvrrp.simulator.judges.rules.shares import Shares
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import to_seconds

_CHUNK = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """A random scenario that has broken invariants."""

    seed: int
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class RandomRun:
    """One run of a campaign: its seed, its length in seconds, and what was judged."""

    seed: int
    simulated: float
    violations: tuple[Violation, ...]
    shares: Shares


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """How far a campaign has come, and the run that has just ended."""

    runs: int
    simulated: float  # seconds
    last: RandomRun


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What a campaign has found, and how much its judges have judged."""

    finding: Finding | None
    runs: int
    simulated: float  # seconds
    shares: Shares


def campaign(
    seed: int,
    runs: int,
    nodes: int,
    *,
    jobs: int = 0,
    only: Collection[str] = (),
    report: Callable[[CampaignProgress], None] = lambda _progress: None,
) -> CampaignResult:
    """Run the scenarios of *runs* seeds from *seed* on, up to the first that breaks an invariant.

    *only*: as for `make_up`. *jobs* processes (0: as many as there are processors). The finding is
    that of the lowest seed, whatever the number of processes; runs after it are given up.
    """
    done, simulated, shares = 0, 0.0, Shares()
    run = partial(_run, nodes=nodes, only=tuple(only))
    with _results(range(seed, seed + runs), run, jobs or os.cpu_count() or 1) as results:
        for result in results:
            done += 1
            simulated += result.simulated
            shares.add(result.shares)
            report(CampaignProgress(done, simulated, result))
            if result.violations:
                finding = Finding(result.seed, result.violations)
                return CampaignResult(finding, done, simulated, shares)
    return CampaignResult(None, done, simulated, shares)


@contextmanager
def _results(
    seeds: range, run: Callable[[int], RandomRun], jobs: int
) -> Iterator[Iterator[RandomRun]]:
    if jobs == 1 or len(seeds) == 1:
        yield map(run, seeds)
        return
    # Spawned and not forked: they need nothing of this process. What they have imported is not
    # looked through for garbage again and again.
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=gc.freeze) as pool:
        yield pool.imap(run, seeds, chunksize=_CHUNK)


def _run(seed: int, nodes: int, only: Collection[str]) -> RandomRun:
    outcome = simulate(random_scenario(seed, nodes, only), detailed=False)
    length = to_seconds(outcome.scenario.duration)
    return RandomRun(seed, length, outcome.violations, outcome.shares)
