"""The prober of a real daemon: what it may, and what happens when something happens to it."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
import trustme

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import Bench, Daemon, eventually, pyvrrp

pytestmark = pytest.mark.kernel
WEB = """checks = ["web"]
[check.web]
http = "http://127.0.0.1:8080/"
interval = "1s"
timeout = "1s"
"""
NOBODY = "65534"


def serve(host: Host, port: int = 8080) -> None:
    command = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1")
    assert host.spawn(*command).running


def children(pid: int, name: str) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child) for child in found if Path(f"/proc/{child}/comm").read_text().strip() == name
    ]


def prober_of(daemon: Daemon) -> int:
    eventually("there is one prober", lambda: len(children(daemon.pid, "pyvrrp-prober")) == 1)
    return children(daemon.pid, "pyvrrp-prober")[0]


def rows(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines}


def passes(daemon: Daemon) -> bool:
    checks = daemon.status()["checks"]
    assert isinstance(checks, list)
    return all(check["passing"] for check in checks)


def restarts(daemon: Daemon) -> int:
    shown = pyvrrp("status", "--json", "--socket", str(daemon.socket)).stdout
    return int(json.loads(shown)["prober"]["restarts"])


def start(bench: Bench, more: str = WEB) -> Daemon:
    daemon = bench.start(bench.host("r1", 1), 200, more=more)
    eventually("it holds the address", daemon.holds)
    return daemon


def test_a_daemon_without_network_checks_has_no_prober(bench: Bench) -> None:
    daemon = start(bench, "")
    assert children(daemon.pid, "pyvrrp-prober") == []
    assert '"prober": null' in pyvrrp("status", "--json", "--socket", str(daemon.socket)).stdout


def test_the_prober_is_nobody_and_has_no_rights(bench: Bench) -> None:
    serve(bench.host("r1", 1))
    daemon = bench.start(bench.hosts["r1"], 200, more=WEB)
    eventually("it holds the address", daemon.holds)
    prober = prober_of(daemon)
    status = rows(prober)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {NOBODY}
    assert status["Groups"] == ""
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0
    assert status["NoNewPrivs"] == "1"
    variables = Path(f"/proc/{prober}/environ").read_text().split("\0")
    kept = {"LD_LIBRARY_PATH", "LOCALDOMAIN", "RES_OPTIONS", "SSL_CERT_DIR", "SSL_CERT_FILE"}
    assert {one.partition("=")[0] for one in variables} - kept == {"LANG", "MALLOC_ARENA_MAX", ""}
    opened = {str(one.readlink()) for one in Path(f"/proc/{prober}/fd").iterdir()}
    assert not [name for name in opened if "packet" in name or str(bench.directory) in name]


@pytest.mark.parametrize("look", ['tcp = "127.0.0.1:8080"', 'ping = "127.0.0.1"'])
def test_a_prober_has_imported_all_that_one_check_needs(bench: Bench, look: str) -> None:
    host = bench.host("r1", 1)
    serve(host)
    daemon = bench.start(host, 200, more=f'checks = ["one"]\n[check.one]\n{look}\n')
    eventually("it holds the address", daemon.holds)
    assert restarts(daemon) == 0


def test_a_prober_that_is_killed_fails_no_check_and_is_counted(bench: Bench) -> None:
    host = bench.host("r1", 1)
    serve(host)
    daemon = bench.start(host, 200, more=WEB)
    eventually("it holds the address", daemon.holds)
    for number in (1, 2, 3):
        os.kill(prober_of(daemon), signal.SIGKILL)
        eventually("it is counted", lambda number=number: restarts(daemon) == number)  # type: ignore[misc]
    eventually("the last one answers", lambda: passes(daemon))
    assert daemon.status()["state"] == "MASTER"
    eventually("it has said so", lambda: len(daemon.events("transition")) == 2)
    assert [event["to"] for event in daemon.events("transition")] == ["BACKUP", "MASTER"]
    eventually("it says what it lost", lambda: bool(daemon.events("prober_lost")))
    assert daemon.events("prober_lost")[0]["reason"] == "it was killed by SIGKILL"
    shown = pyvrrp("status", "--socket", str(daemon.socket)).stdout
    assert "prober runs again, lost 3 times, at last: it was killed by SIGKILL" in shown
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.finish() == 0


def test_a_prober_that_is_stopped_is_replaced_and_the_check_passes_again(bench: Bench) -> None:
    host = bench.host("r1", 1)
    serve(host)
    daemon = bench.start(host, 200, more=WEB + "[virtual_router.hold_down]\ninitial = '0s'\n")
    eventually("it holds the address", daemon.holds)
    stopped = prober_of(daemon)
    os.kill(stopped, signal.SIGSTOP)
    eventually("it is lost", lambda: bool(daemon.events("prober_lost")))
    assert daemon.events("prober_lost")[0]["reason"] == "it gave no sign of life"
    eventually("another one runs", lambda: prober_of(daemon) != stopped)
    eventually("the check passes", lambda: passes(daemon))
    eventually("it holds the address", daemon.holds)


def test_a_prober_ends_with_its_daemon(bench: Bench) -> None:
    host = bench.host("r1", 1)
    serve(host)
    daemon = bench.start(host, 200, more=WEB)
    prober = prober_of(daemon)
    os.kill(daemon.pid, signal.SIGKILL)
    eventually("it is gone", lambda: not Path(f"/proc/{prober}").exists())


def test_a_prober_of_a_daemon_that_stops_outlives_the_signal_of_systemd(bench: Bench) -> None:
    host = bench.host("r1", 1)
    serve(host)
    daemon = bench.start(host, 200, more=WEB)
    eventually("it holds the address", daemon.holds)
    os.kill(prober_of(daemon), signal.SIGTERM)
    eventually("the check goes on", lambda: passes(daemon))
    assert daemon.events("prober_lost") == []


def test_files_that_only_root_may_read_are_lent(bench: Bench) -> None:
    host = bench.host("r1", 1)
    authority = trustme.CA()
    bench.directory.chmod(0o700)
    ca, own = bench.directory / "ca.pem", bench.directory / "own.pem"
    authority.cert_pem.write_to_path(str(ca))
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client.example")
    client.private_key_and_cert_chain_pem.write_to_path(str(own))
    web = bench.directory / "web.pem"
    server.private_key_and_cert_chain_pem.write_to_path(str(web))
    for file in (ca, own, web):
        file.chmod(0o600)
    webserver = (sys.executable, "-m", "pyvrrp.testing.webserver", "--certificate", str(web))
    assert host.spawn(*webserver).running
    more = f"""checks = ["web"]
[check.web]
http = "https://127.0.0.1:8080/"
ca = "{ca}"
certificate = "{own}"
"""
    daemon = bench.start(host, 200, more=more)
    eventually("it holds the address", daemon.holds)
    assert rows(prober_of(daemon))["Uid"].split()[0] == NOBODY


def test_raw_sockets_namespaces_patterns_and_unix_sockets_are_lent(bench: Bench) -> None:
    host, other = bench.host("r1", 1), bench.host("r2", 2)
    serve(host)
    serve(other, 8081)
    more = f"""checks = ["pattern", "ping", "there", "arp", "name"]
[check.pattern]
http = "http://127.0.0.1:8080/"
body_regex = "Directory l[i]sting"
[check.ping]
ping = "192.0.2.2"
[check.there]
tcp = "127.0.0.1:8081"
netns = "{other.namespace}"
[check.name]
tcp = "localhost:8081"
netns = "{other.namespace}"
[check.arp]
arp = "192.0.2.2"
interface = "eth0"
"""
    daemon = bench.start(host, 200, more=more)
    eventually("it holds the address", daemon.holds)
    assert daemon.events("prober_lost") == []
    assert passes(daemon)


@pytest.mark.interop
def test_the_prober_takes_and_renews_the_key_of_a_lease(bench: Bench) -> None:
    host = bench.host("r1", 1)
    data = bench.directory / "etcd"
    url, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    etcd = host.spawn(
        *("etcd", "--name", "n", "--data-dir", str(data), "--unsafe-no-fsync"),
        *("--listen-client-urls", url, "--advertise-client-urls", url),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"n={peers}"),
    )
    more = f'checks = ["key"]\n[check.key]\nlease = "{url}"\nttl = "10s"\n'
    daemon = bench.start(host, 200, more=more)
    eventually("it holds the address", daemon.holds)
    eventually("the log says that it has the key", lambda: bool(daemon.events("lease_taken")))
    # A prober that dies does not cost the key.
    os.kill(prober_of(daemon), signal.SIGKILL)
    eventually("another one runs", lambda: restarts(daemon) == 1)
    before = daemon.counter("advertisement_sent")
    eventually("it goes on", lambda: daemon.counter("advertisement_sent") > before + 60)
    assert daemon.events("lease_lost") == []
    etcd.signal(signal.SIGSTOP)
    eventually("the key has run out", lambda: not daemon.holds())
    etcd.signal(signal.SIGCONT)
    eventually("it holds the address again", daemon.holds)
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.finish() == 0
    assert [event["event"] for event in daemon.events("lease_given_back")] != []
