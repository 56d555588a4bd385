"""Rules for the sources that no linter checks."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from pyvrrp import __version__
from tests.architecture.tree import ROOT, modules, parsed

# These tests use the real kernel or other daemons, which need real time.
REAL_TIME = ("tests/kernel/", "tests/interop/", "tests/testing/")

SCRIPTS = [
    path.relative_to(ROOT)
    for path in (ROOT / "tests/run", ROOT / ".ci/run", *sorted((ROOT / "netns-lab").glob("*")))
    if path.is_file() and path.read_bytes().startswith(b"#!")
]


def length(path: Path) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def test_every_module_has_a_docstring() -> None:
    silent = [
        str(module)
        for module in modules()
        if length(module) and not ast.get_docstring(parsed(module))
    ]
    assert silent == []


def test_only_tests_with_real_programs_sleep() -> None:
    sleepers = [
        f"{path}:{call.lineno}"
        for path in sorted(file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py"))
        if not str(path).startswith(REAL_TIME)
        for call in sleeps(parsed(path))
    ]
    assert sleepers == []


def sleeps(tree: ast.Module) -> list[ast.Call]:
    """Return the calls of time.sleep with anything but 0."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "sleep"}
        and [ast.unparse(argument) for argument in node.args] != ["0"]
    ]


def test_a_sleep_is_found() -> None:
    source = "import time\ntime.sleep(0)\ntime.sleep(0.1)\nsleep(pause)\nasyncio.sleep(1)\n"
    assert [call.lineno for call in sleeps(ast.parse(source))] == [3, 4]


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)\b", changelog, flags=re.MULTILINE)
    assert versions[0] == __version__


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_script_is_executable(script: Path) -> None:
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_shell_script_parses(script: Path) -> None:
    first = (ROOT / script).read_text(encoding="utf-8").splitlines()[0]
    if first.endswith(("sh", "bash")):
        done = subprocess.run(
            ["bash", "-n", ROOT / script], check=False, capture_output=True, text=True, timeout=30
        )
        assert done.stderr == ""
