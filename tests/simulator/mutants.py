"""Seeded bugs: each is a patch, which is applied to a copy of pyvrrp and searched by simulation."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUGS = Path(__file__).parent / "bugs"


@dataclass(frozen=True)
class Hunt:
    """Whether the simulator found a bug, with which seed, and which invariants were broken."""

    caught: bool
    seed: int | None
    broken: tuple[str, ...]


def names() -> list[str]:
    """Return the names of all bugs."""
    return sorted(path.stem for path in BUGS.glob("*.patch"))


def apply(patch: str, tree: Path) -> None:
    """Apply a unified diff to *tree*; lines may have moved, but every hunk must be found once."""
    target: Path | None = None
    old: list[str] = []
    new: list[str] = []
    for line in [*patch.splitlines(keepends=True), "--- end\n"]:
        if line.startswith(("--- ", "@@ ")) and (old or new):
            assert target is not None
            _replace_once(target, "".join(old), "".join(new))
            old, new = [], []
        if line.startswith("+++ b/"):
            target = tree / line.removeprefix("+++ b/").strip()
        elif target is not None and line[:1] in {" ", "-", "+"} and not line.startswith("--- "):
            if line[0] != "+":
                old.append(line[1:])
            if line[0] != "-":
                new.append(line[1:])


def _replace_once(target: Path, old: str, new: str) -> None:
    text = target.read_text()
    assert text.count(old) == 1, f"{target}: found {text.count(old)} times:\n{old}"
    target.write_text(text.replace(old, new))


def aim(name: str) -> str:
    """Return what the scenarios for a bug are limited to: the words after ``Only:``, or nothing."""
    head = (BUGS / f"{name}.patch").read_text().partition("--- a/")[0]
    return head.partition("Only:")[2].strip()


def copy_with(name: str, directory: Path) -> Path:
    """Return a copy of the package with the bug in it."""
    tree = directory / name
    shutil.copytree(ROOT / "pyvrrp", tree / "pyvrrp", ignore=shutil.ignore_patterns("__pycache__"))
    apply((BUGS / f"{name}.patch").read_text(), tree)
    return tree


def hunt(
    tree: Path, *, runs: int, nodes: int = 3, seed: int = 0, jobs: int = 1, only: str = ""
) -> Hunt:
    """Run random scenarios with the package in *tree*, until one breaks an invariant."""
    command = [sys.executable, "-m", "pyvrrp", "simulate", "--random", "--json", "--no-shrink"]
    command += ["--seed", str(seed), "--runs", str(runs), "--nodes", str(nodes)]
    command += ["--jobs", str(jobs)]
    command += ["--only", only] if only else []
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode in {0, 1}, done.stderr
    verdict = json.loads(done.stdout)
    broken = tuple(text.split()[2] for text in verdict["violations"])
    return Hunt(done.returncode == 1, verdict["seed"] if broken else None, broken)
