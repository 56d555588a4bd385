"""The linters are the same for a contributor, before a commit, and in CI."""

import re

from tests.architecture.tree import ROOT

LINTERS = [
    "lint-imports",
    "python -m mypy",
    "python -m ruff check .",
    "python -m ruff format --check .",
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def plain(command: str) -> str:
    return command.replace("$(python)", "python").strip().removeprefix(".venv/bin/")


def test_make_runs_the_linters() -> None:
    recipes = re.findall(r"^(?:lint|types):.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)
    assert sorted(plain(line) for recipe in recipes for line in recipe.splitlines()) == LINTERS


def test_pre_commit_runs_the_linters_and_downloads_nothing() -> None:
    text = read(".pre-commit-config.yaml")
    assert sorted(plain(entry) for entry in re.findall(r"entry: (.*)", text)) == LINTERS
    assert re.findall(r"repo: (.*)", text) == ["local"]
    assert set(re.findall(r"language: (.*)", text)) == {"system"}


def test_ci_runs_the_linters_and_measures_the_coverage_of_the_core() -> None:
    runs = re.findall(r'run "([\w -]+)" (.*)', read("tests/run"))
    assert (
        sorted(
            command
            for name, command in runs
            if name
            in {
                "ruff check",
                "ruff format",
                "mypy",
                "import-linter",
            }
        )
        == LINTERS
    )
    # The tests of the core run once, with their coverage.
    assert 'tests/coverage-core >"$core_log"' in read("tests/run")
    assert ("coverage-core", "core_ends") in runs
    left_out = re.findall(r"--ignore (\S+)", read("tests/run"))
    (measured,) = re.findall(r"-m pytest -q (.*)", read("tests/coverage-core"))
    assert left_out == measured.split()
