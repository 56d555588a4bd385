"""Every seeded bug is found within a bounded number of runs, and nothing is found without one."""

from pathlib import Path

import pytest

from pyvrrp.simulator.judges.rules.invariants import INVARIANTS
from pyvrrp.simulator.random.campaign import campaign
from tests.simulator import mutants

RUNS = 400  # every bug takes fewer than half as many


def test_there_are_at_least_twenty_seeded_bugs_and_each_has_a_description() -> None:
    assert len(mutants.names()) >= 20
    for name in mutants.names():
        first = (mutants.BUGS / f"{name}.patch").read_text().splitlines()[0]
        assert first.endswith("."), name


def test_a_hunt_is_limited_to_what_the_patch_names() -> None:
    assert mutants.aim("group_claims_alone") == "group"
    assert mutants.aim("never_preempts") == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", mutants.names())
def test_a_seeded_bug_is_caught(name: str, tmp_path: Path) -> None:
    caught = mutants.search(name, tmp_path, RUNS)

    assert caught.caught, f"{RUNS} runs show nothing"
    assert set(caught.broken) <= {invariant.name for invariant in INVARIANTS}


@pytest.mark.slow
@pytest.mark.parametrize(("nodes", "runs"), [(1, 20), (2, 100), (3, 200), (5, 40)])
def test_nothing_is_caught_without_a_seeded_bug(nodes: int, runs: int) -> None:
    result = campaign(50_000, runs, nodes, jobs=2)

    assert result.finding is None, result.finding
