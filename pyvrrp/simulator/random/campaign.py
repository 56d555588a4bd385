"""Runs many random scenarios on all processors, and finds the first that breaks an invariant."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from pyvrrp.simulator.judges.rules.invariants import Violation
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
class CampaignProgress:
    """How far a campaign has come."""

    runs: int
    simulated: float  # seconds


@dataclass(frozen=True, slots=True)
class _SeedResult:
    seed: int
    simulated: float
    violations: tuple[Violation, ...]


def campaign(
    seed: int,
    runs: int,
    nodes: int,
    *,
    jobs: int = 0,
    only: Collection[str] = (),
    report: Callable[[CampaignProgress], None] = lambda _progress: None,
) -> Finding | None:
    """Run the scenarios of *runs* seeds from *seed* on; return the first that breaks an invariant.

    *only*: as for `make_up`. *jobs* processes (0: as many as there are processors). The finding is
    that of the lowest seed, whatever the number of processes; runs after it are given up.
    """
    done, simulated = 0, 0.0
    run = partial(_run, nodes=nodes, only=tuple(only))
    with _results(range(seed, seed + runs), run, jobs or os.cpu_count() or 1) as results:
        for result in results:
            done += 1
            simulated += result.simulated
            report(CampaignProgress(done, simulated))
            if result.violations:
                return Finding(result.seed, result.violations)
    return None


@contextmanager
def _results(
    seeds: range, run: Callable[[int], _SeedResult], jobs: int
) -> Iterator[Iterator[_SeedResult]]:
    if jobs == 1 or len(seeds) == 1:
        yield map(run, seeds)
        return
    # Spawned and not forked: they need nothing of this process. What they have imported is not
    # looked through for garbage again and again.
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=gc.freeze) as pool:
        yield pool.imap(run, seeds, chunksize=_CHUNK)


def _run(seed: int, nodes: int, only: Collection[str]) -> _SeedResult:
    outcome = simulate(random_scenario(seed, nodes, only), detailed=False)
    return _SeedResult(seed, to_seconds(outcome.scenario.duration), outcome.violations)
