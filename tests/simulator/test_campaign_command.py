"""The command ``tests/campaign``: it runs each step, repeats a seed, and says what it found."""

import subprocess
from pathlib import Path

import pytest

COMMAND = Path(__file__).parents[1] / "campaign"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, check=False, timeout=600
    )


def test_a_step_prints_its_seeds_and_what_was_judged() -> None:
    done = run("--short", "--seed", "7", "--only", "only weight", "--jobs", "1")

    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert "the short form, seeds from 7" in lines
    # The steps before it have 120, 120, 30 and 20 seeds of their own.
    assert "20 scenarios of 3 nodes, seeds 297 to 316: every invariant held" in lines
    assert any(line.startswith("  stands-with-the-right-priority: 100.0 % of ") for line in lines)
    assert lines[-1].startswith("clean  only weight")


@pytest.mark.parametrize(
    "words", [["--only", "no such step"], ["--seed", "x"], ["--seed"], ["--unknown"]]
)
def test_wrong_arguments_give_exit_status_2(words: list[str]) -> None:
    assert run(*words).returncode == 2
