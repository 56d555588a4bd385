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


def test_what_it_prints_is_what_check_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, "--node", "web2") == 0
    printed = capsys.readouterr()
    (tmp_path / "pyvrrp.toml").write_text(printed.out)
    assert main(["check", str(tmp_path / "pyvrrp.toml")]) == 0
    assert "eth0 unicast with 192.0.2.1 192.0.2.2" in capsys.readouterr().out
    assert f"{tmp_path}/ha.cf:2: translated: ucast: a peer of eth0, 192.0.2.1" in printed.err


def test_something_dropped_is_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, ha_cf=HA_CF + "serial /dev/ttyS0\n") == 1
    assert "[[virtual_router]]" in capsys.readouterr().out


def test_nothing_to_configure_is_exit_status_2_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, lines="db1 192.0.2.10\n") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "haresources:1: wrong: db1 is no node of" in printed.err


def test_json_has_the_text_and_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["toml"].startswith("[[virtual_router]]\n")
    assert said["report"][0] == {
        "file": f"{tmp_path}/ha.cf",
        "line": 1,
        "fate": "translated",
        "what": "deadtime: advertisement_interval = 10s, a third of it; a peer is dead after 30s "
        "to 40s of silence, by rank",
    }
    assert imported(tmp_path, "--json", ha_cf="") == 2
    assert json.loads(capsys.readouterr().out)["toml"] is None


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (None, "No such file or directory"),
        (b"node \xff\n", "is no text: byte 5 is no UTF-8"),
        (b"#" * (1 << 20) + b"\n", "is longer than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], octets: bytes | None, what: str
) -> None:
    (tmp_path / "haresources").write_text(HARESOURCES)
    if octets is not None:
        (tmp_path / "ha.cf").write_bytes(octets)
    words = [str(tmp_path / "ha.cf"), str(tmp_path / "haresources")]
    assert main(["import-heartbeat", *words]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/ha.cf: {what}\n"
