"""The same seed gives the same trace, to the byte, on every machine."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pyvrrp.simulator.random.campaign import campaign
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.simulate import simulate
from tests.simulator.scenarios import fault, scenario

ROOT = Path(__file__).parents[2]
PRINTS_A_TRACE = """
from pyvrrp.simulator.simulate import simulate
from pyvrrp.simulator.random.scenarios import random_scenario
for seed in range(12):
    for entry in simulate(random_scenario(seed, 3)).trace:
        print(entry.json())
"""


def digest_with(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_A_TRACE], env=environment, capture_output=True, check=True
    )
    assert len(done.stdout) > 10_000
    return hashlib.sha256(done.stdout).hexdigest()


@pytest.mark.slow
def test_the_trace_does_not_depend_on_the_process_or_its_hash_seed() -> None:
    assert digest_with("1") == digest_with("2")


def test_another_seed_gives_another_trace() -> None:
    one, other = (simulate(replace(scenario(), seed=seed)).trace for seed in (1, 2))
    assert one != other


def test_steps_of_the_wall_clock_change_nothing() -> None:
    def trace(steps: str) -> list[str]:
        outcome = simulate(scenario(fault("9s", "crash", "n1", for_="5s") + steps, fenced=True))
        return [entry.json() for entry in outcome.trace if entry.fields.get("kind") != "wall_step"]

    years = fault("5s", "wall_step", "n1", by="87600h") + fault(
        "12s", "wall_step", "n2", by="-87600h"
    )
    assert trace(years) == trace("")


@pytest.mark.slow
def test_steps_of_the_wall_clock_change_nothing_in_random_scenarios() -> None:
    seen = 0
    for seed in range(200):
        made = random_scenario(seed, 3)
        without = tuple(f for f in made.faults if f.kind is not FaultKind.WALL_STEP)
        if len(without) == len(made.faults):
            continue
        seen += 1
        one, other = (
            simulate(made, detailed=False),
            simulate(replace(made, faults=without), detailed=False),
        )
        assert [e for e in one.trace if e.fields.get("kind") != "wall_step"] == list(other.trace)
        if seen == 10:
            break
    assert seen == 10


@pytest.mark.slow
def test_the_finding_is_the_lowest_seed_whatever_the_number_of_processes() -> None:
    alone, together = campaign(0, 8, 2, jobs=1), campaign(0, 8, 2, jobs=2)
    assert alone.finding is together.finding is None
    assert alone.shares == together.shares
