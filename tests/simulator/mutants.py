"""Seeded bugs: each is a patch, which is applied to a copy of pyvrrp and searched by simulation.

A patch may name the seed of a scenario that shows its bug (``Seed: 12``). The search begins there,
so the tests take a second for each bug. Any change of the random scenarios makes these seeds old.
Then the search goes through all seeds; ``python -m tests.simulator.mutants`` writes the new ones.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
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
    return _said_of(name, "Only")


def known_seed(name: str) -> int | None:
    """Return the seed of a scenario that has shown the bug, or None."""
    text = _said_of(name, "Seed")
    return int(text) if text else None


def _said_of(name: str, word: str) -> str:
    head = (BUGS / f"{name}.patch").read_text().partition("--- a/")[0]
    lines = (line.partition(": ") for line in head.splitlines())
    return next((said.strip() for key, _, said in lines if key == word), "")


def copy_with(name: str, directory: Path) -> Path:
    """Return a package with the bug in it: the files that differ, and links to all others."""
    tree = directory / name
    tree.mkdir()
    patch = (BUGS / f"{name}.patch").read_text()
    heads = (line for line in patch.splitlines() if line.startswith("+++ b/"))
    changed = frozenset(ROOT / line.removeprefix("+++ b/").strip() for line in heads)
    _copy(ROOT / "pyvrrp", tree / "pyvrrp", changed)
    apply(patch, tree)
    return tree


def _copy(source: Path, target: Path, changed: frozenset[Path]) -> None:
    if source in changed:
        shutil.copyfile(source, target)
    elif any(source in file.parents for file in changed):
        target.mkdir()
        for entry in source.iterdir():
            _copy(entry, target / entry.name, changed)
    elif source.name == "__pycache__" and any(source.parent == file.parent for file in changed):
        target.mkdir()  # what Python compiles there must not come here
    else:
        target.symlink_to(source)


def search(name: str, directory: Path, runs: int) -> Hunt:
    """Search for a bug: with the seed that has shown it, then with the seeds from 0."""
    tree, only, seed = copy_with(name, directory), aim(name), known_seed(name)
    if seed is not None:
        found = hunt(tree, runs=1, seed=seed, only=only)
        if found.caught:
            return found
    return hunt(tree, runs=runs, jobs=2, only=only)


def hunt(
    tree: Path, *, runs: int, nodes: int = 3, seed: int = 0, jobs: int = 1, only: str = ""
) -> Hunt:
    """Run random scenarios with the package in *tree*, until one breaks an invariant."""
    command = [sys.executable, "-m", "pyvrrp", "simulate", "--random", "--json", "--no-shrink"]
    command += ["--seed", str(seed), "--runs", str(runs), "--nodes", str(nodes)]
    command += ["--jobs", str(jobs)]
    command += ["--only", only] if only else []
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode in {0, 1}, done.stderr
    verdict = json.loads(done.stdout)
    broken = tuple(text.split()[2] for text in verdict["violations"])
    return Hunt(done.returncode == 1, verdict["seed"] if broken else None, broken)


def _write_seeds() -> None:
    """Write the lowest seed that shows each bug into its patch."""
    for name in names():
        with tempfile.TemporaryDirectory() as directory:
            found = search(name, Path(directory), 400)
        sys.stdout.write(f"{name} {found.seed} {' '.join(found.broken)}\n")
        if found.seed not in {None, known_seed(name)}:
            path = BUGS / f"{name}.patch"
            head, code = path.read_text().split("\n--- a/", 1)
            lines = [line for line in head.splitlines() if line and not line.startswith("Seed: ")]
            path.write_text("\n".join([*lines, f"Seed: {found.seed}", "", f"--- a/{code}"]))


if __name__ == "__main__":
    _write_seeds()
