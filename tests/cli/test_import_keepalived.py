"""``pyvrrp import-keepalived``, and the commands that take a keepalived.conf as it is."""

import json
import tomllib
from pathlib import Path

import pytest

from pyvrrp.cli.main import main

GOOD_FILE = """\
vrrp_script chk {
    script "/nowhere/check"
    user somebody-else
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    @web1 priority 150
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_script {
        chk
    }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keepalived.conf"
    path.write_text(GOOD_FILE)
    return path


def test_toml_goes_to_the_output_and_the_report_to_the_errors(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-keepalived", str(file), "-i", "web1"]) == 0
    output = capsys.readouterr()
    assert tomllib.loads(output.out)["virtual_router"][0]["priority"] == 150
    assert f"{file}:7: imported: virtual_router_id" in output.err.splitlines()


def test_a_refused_line_is_status_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD_FILE.replace("interface eth0", "interface eth0\nuse_vmac"))
    assert main(["import-keepalived", str(file), "--json"]) == 1
    lines = json.loads(capsys.readouterr().out)["report"]
    assert [(line["line"], line["fate"]) for line in lines if line["fate"] == "refused"] == [
        (7, "refused")
    ]


def test_a_file_without_an_instance_is_status_2(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("global_defs {\n}\n")
    assert main(["import-keepalived", str(file)]) == 2
    assert "has no vrrp_instance that can run" in capsys.readouterr().err


def test_check_takes_the_file_and_offline_looks_for_no_program(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(file), "--offline", "--node", "web1"]) == 0
    output = capsys.readouterr().out
    assert f"{file}:2: imported: script" in output
    assert f"{file}: good, for node web1" in output
    assert main(["check", str(file), "--node", "web1"]) == 2
    assert "there is no user somebody-else" in capsys.readouterr().out


def test_check_names_the_line_that_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(GOOD_FILE.replace("interface eth0", "interface eth0\nuse_vmac"))
    assert main(["check", str(file), "--offline"]) == 2
    assert f"{file}: line 7: use_vmac: " in capsys.readouterr().out


def test_a_name_of_keepalived_in_a_toml_is_answered_with_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pyvrrp.toml"
    path.write_text('[[virtual_router]]\nname = "a"\nadvert_int = 1\nnopreempt = true\n')
    assert main(["check", str(path)]) == 2
    output = capsys.readouterr().out
    assert '.advert_int: is a name of keepalived; write advertisement_interval = "1s"' in output
    assert ".nopreempt: is a name of keepalived; write preempt = false" in output
