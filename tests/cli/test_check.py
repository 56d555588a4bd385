"""The command ``pyvrrp check``."""

import argparse
import json
from pathlib import Path

import pytest

from pyvrrp.cli import check

GOOD = """
node = "web1"
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = 150
addresses = ["192.0.2.10/24", "fe80::51/64"]
checks = ["web", "db"]
[check.web]
http = "http://127.0.0.1/health"
headers = { Authorization = "hunter2" }
[check.db]
tcp = "[::1]:5432"
interval = "500ms"
"""
BAD = GOOD.replace("51\n", "300\n").replace("interval", "intervall")


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    check.register(parser.add_subparsers())
    args = parser.parse_args(["check", "--offline", *words])
    status: int = args.func(args)
    return status


def file_of(tmp_path: Path, content: str) -> str:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(content)
    file.chmod(0o600)  # it contains a secret
    return str(file)


def test_the_summary_of_a_good_file_is_printed_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path, GOOD)
    assert run(file) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{file}: good, for node web1",
        (
            "virtual router web: eth0, VRID 51, VRRPv3/IPv4, priority 150, 192.0.2.10/24, "
            "every 1s, checks web db, lease 2s"
        ),
        (
            "virtual router web: eth0, VRID 51, VRRPv3/IPv6, priority 150, fe80::51/64, every 1s, "
            "checks web db, lease 2s"
        ),
        "check web: GET http://127.0.0.1/health, every 1s, timeout 800ms, rise 2, fall 2",
        "check db: tcp [::1]:5432, every 500ms, timeout 400ms, rise 2, fall 2",
        "needs CAP_NET_ADMIN: to add and remove addresses",
        "needs CAP_NET_RAW: to send and receive advertisements",
    ]


def test_each_problem_of_a_bad_file_is_printed_and_the_exit_status_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path, BAD)
    assert run(file) == 2
    assert sorted(capsys.readouterr().out.splitlines()) == [
        f'{file}: check.db.intervall: unknown key, did you mean "interval"?',
        f'{file}: virtual_router[0] "web".vrid: must be from 1 to 255, not 300',
    ]


def test_the_exit_status_for_a_missing_file_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("/nowhere/pyvrrp.toml") == 2
    assert capsys.readouterr().out == (
        "/nowhere/pyvrrp.toml: cannot be read: No such file or directory\n"
    )


def test_a_warning_is_printed_and_does_not_change_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(tmp_path, GOOD.replace("priority = 150", "strict = true"))
    assert run(file) == 0
    assert capsys.readouterr().out.startswith(
        f'warning: {file}: virtual_router "web".strict: discards advertisements'
    )


def test_the_node_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(tmp_path, GOOD.replace("priority = 150", "priority = { web1 = 9, web2 = 8 }"))
    assert run(file, "--node", "web2") == 0
    assert "priority 8," in capsys.readouterr().out
    assert run(file, "--node", "web3") == 2


def test_json_contains_what_will_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(tmp_path, GOOD)
    assert run(file, "--json") == 0
    out = capsys.readouterr().out
    assert "hunter2" not in out
    verdict = json.loads(out)
    assert verdict["valid"] is True
    assert verdict["file"] == file
    assert verdict["node"] == "web1"
    assert verdict["problems"] == verdict["warnings"] == []
    assert verdict["virtual_routers"][1] == {
        "name": "web",
        "netns": "",
        "interface": "eth0",
        "family": "ipv6",
        "vrid": 51,
        "version": 3,
        "priority": 150,
        "preempt": True,
        "addresses": ["fe80::51/64"],
        "interval_ms": 1000,
        "links": [{"interface": "eth0", "peers": []}],
        "min_ttl": 255,
        "lease_s": 2,
        "claim_probe": "warn",
        "when_all_fail": "release",
        "checks": ["web", "db"],
        "group": None,
        "track_primary": True,
        "track_interfaces": [],
        "weights": {},
        "etcd_lease": None,
        "etcd_key": None,
        "resources": [],
    }
    assert verdict["checks"][1] == {
        "name": "db",
        "kind": "tcp",
        "method": None,
        "target": "[::1]:5432",
        "interval_ms": 500,
        "timeout_ms": 400,
        "rise": 2,
        "fall": 2,
        "max_age_ms": 900,
    }


def test_json_contains_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file_of(tmp_path, BAD), "--json") == 2
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["valid"] is False
    assert verdict["virtual_routers"] == []
    assert {
        "path": 'virtual_router[0] "web".vrid',
        "what": "must be from 1 to 255, not 300",
    } in verdict["problems"]


def test_a_file_name_that_is_not_utf_8_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("/nowhere/\udcff.toml") == 2
    assert capsys.readouterr().out.startswith("/nowhere/\\udcff.toml: cannot be read")


def test_resources_are_printed_with_their_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(
        '[[virtual_router]]\nname = "db"\ninterface = "eth0"\nvrid = 7\npreempt = false\n'
        'addresses = ["192.0.2.7/24"]\nresources = ["disk"]\n'
        '[resource.disk]\nagent = "exec:/bin/true"\nstop_timeout = "5s"\n'
    )
    assert run("--node", "n1", str(file)) == 0
    out = capsys.readouterr().out
    assert "lease 2s, resources disk" in out
    assert (
        "resource disk: /bin/true start, start within 60s, stop within 5s, monitored every 10s, "
        "at most 3 restarts in 600s" in out
    )
    assert run("--json", "--node", "n1", str(file)) == 0
    (resource,) = json.loads(capsys.readouterr().out)["resources"]
    assert resource["stop"] == ["/bin/true", "stop"]
    assert resource["stop_timeout_ms"] == 5000
