"""The command ``pyvrrp``: help, wrong usage and exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp import __version__
from pyvrrp.cli.main import COMMANDS, main


def pyvrrp(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyvrrp", *words], capture_output=True, text=True, check=False
    )


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"pyvrrp {__version__}\n"


@pytest.mark.parametrize("words", [[], ["explode"], ["run", "--explode"]])
def test_the_exit_status_for_wrong_usage_is_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_run_prints_all_problems_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(
        '[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 300\nprioritty = 5\n'
        'addresses = ["10.0.0.300/24"]\nadvertisement_interval = "fast"\n'
    )
    done = pyvrrp("run", "-c", str(file))
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"{file}: virtual_router[0]") for line in lines)
    for wrong in ("vrid", "prioritty", "addresses", "advertisement_interval"):
        assert wrong in done.stderr


def test_run_prints_the_problems_of_its_flags() -> None:
    done = pyvrrp("run", "--interface", "eth0", "--vrid", "300", "--address", "192.0.2.1/24")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--vrid: " in done.stderr
    assert "300" in done.stderr


def test_run_names_the_file_that_is_missing(tmp_path: Path) -> None:
    done = pyvrrp("run", "-c", str(tmp_path / "missing.toml"))
    assert done.returncode == 2
    assert str(tmp_path / "missing.toml") in done.stderr
    assert "Traceback" not in done.stderr


def test_no_error_is_printed_if_the_reader_of_the_output_ends_early(tmp_path: Path) -> None:
    good = tmp_path / "good.toml"
    good.write_text(
        '[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 51\npriority = 100\n'
        'addresses = ["192.0.2.100/24"]\n'
    )
    command = f"{sys.executable} -m pyvrrp check {good} | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
