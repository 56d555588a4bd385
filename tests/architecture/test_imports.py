"""Imports keep the contracts, import no large packages and have no side effects."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, dotted, modules

TIMEOUT = 600  # seconds; ends only a process that hangs

# Imports each module in a child that is forked from an interpreter without modules of pyvrrp. This
# has the same effect as a new process and takes a tenth of the time.
EACH_IN_A_CHILD = """
import json, os, sys, threading, traceback
import argparse, asyncio, ctypes, dataclasses, h11, ipaddress, multiprocessing, random, ssl
import subprocess, tomllib, typing, urllib.parse
from importlib import import_module

def descriptors():
    found = set()
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            os.fstat(number)
        except OSError:
            continue  # it was open for listing the directory only
        found.add(number)
    return found

def look(name):
    before = descriptors()
    import_module(name)
    left_open = sorted(descriptors() - before)
    heavy = [package for package in ("pyroute2", "scapy") if package in sys.modules]
    return {"name": name, "heavy": heavy, "open": left_open, "threads": threading.active_count()}

for name in sys.argv[1:]:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            answer = look(name)
        except BaseException:
            answer = {"name": name, "error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""

ONE_COMMAND = """
import json, sys
from pyvrrp.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
heads = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(heads & {"asyncio", "pyroute2", "scapy"})), file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class Import:
    """The effects of importing one module first in a new interpreter."""

    name: str
    heavy: frozenset[str] = frozenset()
    left_open: tuple[int, ...] = ()
    threads: int = 1
    error: str = ""


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=ROOT,
    )


def import_each(*names: str) -> list[Import]:
    done = python(EACH_IN_A_CHILD, *names)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["name"] for answer in answers] == list(names), done.stderr
    return [
        Import(
            answer["name"],
            frozenset(answer.get("heavy", ())),
            tuple(answer.get("open", ())),
            answer.get("threads", 1),
            answer.get("error", ""),
        )
        for answer in answers
    ]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return import_each(*(dotted(module) for module in modules() if module.name != "__main__.py"))


def test_an_import_with_a_side_effect_and_a_circular_import_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "opener.py").write_text("kept = open('/dev/null')\n")
    (tmp_path / "first.py").write_text("from second import b\na = 1\n")
    (tmp_path / "second.py").write_text("from first import a\nb = 1\n")
    opener, circle = import_each("opener", "first")
    assert len(opener.left_open) == 1
    assert "circular import" in circle.error


def test_imports_keep_the_contracts() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.slow
def test_each_module_can_be_imported_first(imports: list[Import]) -> None:
    assert [module.error for module in imports if module.error] == []


@pytest.mark.slow
def test_importing_opens_no_file_and_starts_no_thread(imports: list[Import]) -> None:
    busy = [module for module in imports if module.left_open or module.threads != 1]
    assert busy == []


@pytest.mark.slow
def test_only_the_test_kit_imports_scapy(imports: list[Import]) -> None:
    allowed = ("pyvrrp.conformance", "pyvrrp.testing", "pyvrrp.simulator")
    heavy = [module.name for module in imports if "scapy" in module.heavy]
    assert [name for name in heavy if not name.startswith(allowed)] == []


@pytest.mark.slow
def test_only_the_lab_imports_pyroute2(imports: list[Import]) -> None:
    heavy = [module.name for module in imports if "pyroute2" in module.heavy]
    assert [name for name in heavy if not name.startswith("pyvrrp.testing")] == []


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("run", "--help"),
        ("check", "/nowhere/pyvrrp.toml"),
        ("decode", "/nowhere/x.pcap"),
        ("status",),
    ],
    ids=" ".join,
)
def test_a_command_that_does_not_configure_the_kernel_imports_no_large_package(
    words: tuple[str, ...],
) -> None:
    done = python(ONE_COMMAND, *words)
    assert "Traceback" not in done.stderr
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert set(loaded) & {"pyroute2", "scapy"} == set()


def test_decode_does_not_import_asyncio() -> None:
    done = python(ONE_COMMAND, "decode", "/nowhere/x.pcap")
    assert json.loads(done.stderr.splitlines()[-1]) == []
