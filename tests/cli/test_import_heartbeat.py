"""The command ``pyvrrp import-heartbeat``."""

import json
from pathlib import Path

import pytest

from pyvrrp.cli.main import main

HA_CF = (
    "deadtime 30\nucast eth0 192.0.2.1\nucast eth0 192.0.2.2\nauto_failback on\nnode web1 web2\n"
)
HARESOURCES = "web1 IPaddr::192.0.2.10/24/eth0\n"


def imported(directory: Path, *words: str, ha_cf: str = HA_CF, lines: str = HARESOURCES) -> int:
    (directory / "ha.cf").write_text(ha_cf)
    (directory / "haresources").write_text(lines)
    files = (str(directory / "ha.cf"), str(directory / "haresources"))
    return main(["import-heartbeat", *files, *words])


def test_check_accepts_the_printed_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, "--node", "web2") == 0
    printed = capsys.readouterr()
    (tmp_path / "pyvrrp.toml").write_text(printed.out)
    assert main(["check", "--offline", str(tmp_path / "pyvrrp.toml")]) == 0
    assert "eth0 unicast with 192.0.2.1 192.0.2.2" in capsys.readouterr().out
    assert f"{tmp_path}/ha.cf:2: translated: ucast: a peer of eth0, 192.0.2.1" in printed.err


def test_the_exit_status_is_1_if_something_was_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, ha_cf=HA_CF + "serial /dev/ttyS0\n") == 1
    assert "[[virtual_router]]" in capsys.readouterr().out


def test_the_exit_status_is_2_if_there_is_no_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, lines="db1 192.0.2.10\n") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "haresources:1: wrong: db1 is not a node of" in printed.err


def test_json_contains_the_configuration_and_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["toml"].startswith("[[virtual_router]]\n")
    assert printed["report"][0] == {
        "file": f"{tmp_path}/ha.cf",
        "line": 1,
        "fate": "translated",
        "what": "deadtime: advertisement_interval = 10s, a third of it; a silent master is "
        "replaced after 30s to 40s, depending on the priority",
    }
    assert imported(tmp_path, "--json", ha_cf="") == 2
    assert json.loads(capsys.readouterr().out)["toml"] is None


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (None, "No such file or directory"),
        (b"node \xff\n", "is not UTF-8: byte 5 is wrong"),
        (b"#" * (1 << 20) + b"\n", "is longer than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], octets: bytes | None, what: str
) -> None:
    (tmp_path / "haresources").write_text(HARESOURCES)
    if octets is not None:
        (tmp_path / "ha.cf").write_bytes(octets)
    words = [str(tmp_path / "ha.cf"), str(tmp_path / "haresources")]
    assert main(["import-heartbeat", *words]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/ha.cf: {what}\n"
