"""Servers that keep a client busy: the daemon stays master, other checks keep their verdict."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from pyvrrp.testing.hostile_servers import ANSWERS, DRIP, HANDSHAKE, SILENT, STORM, TALKER
from pyvrrp.testing.segment import Host
from tests.kernel.daemons import VIP, Bench, Daemon, eventually, pyvrrp
from tests.kernel.test_prober import prober_of

pytestmark = pytest.mark.kernel

CONFIG = """
[[virtual_router]]
name = "plain"
interface = "eth0"
vrid = 52
addresses = ["192.0.2.101/24"]
checks = ["good"]
[check.hostile]
{look}
interval = "300ms"
timeout = "200ms"
[check.good]
tcp = "127.0.0.1:8081"
interval = "1s"
timeout = "1s"
"""
OTHER = "192.0.2.101"


def started(bench: Bench, kind: str, look: str, *words: str) -> tuple[Host, Daemon]:
    """A master with two virtual routers; the check of the first one has a weight."""
    host = bench.host("r1", 1)
    flag = ("--flag", str(bench.directory / "flag"))
    server = (sys.executable, "-m", "pyvrrp.testing.hostile_servers")
    assert host.spawn(*server, kind, *flag, *words).running
    good = (sys.executable, "-m", "http.server", "8081", "--bind", "127.0.0.1")
    assert host.spawn(*good).running
    more = 'checks = [{ name = "hostile", weight = -1 }]\n' + CONFIG.format(look=look)
    daemon = bench.start(host, 200, more=more)
    eventually("it holds both addresses", lambda: {VIP, OTHER} <= host.addresses("eth0"))
    return host, daemon


def check_of(daemon: Daemon, router: int) -> dict[str, object]:
    shown = pyvrrp("status", "--json", "--socket", str(daemon.socket))
    check = json.loads(shown.stdout)["virtual_routers"][router]["checks"][0]
    assert isinstance(check, dict)
    return check


def most_memory(daemon: Daemon) -> int:
    """Return the most memory that the prober has had, in kB."""
    rows = Path(f"/proc/{prober_of(daemon)}/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM:"))


def stays_in_office(host: Host, daemon: Daemon) -> None:
    """Both addresses are here, nothing was lost, the other check passes, and SIGTERM works."""
    assert {VIP, OTHER} <= host.addresses("eth0")
    assert check_of(daemon, 1)["passing"] is True
    assert [event["check"] for event in daemon.events("check") if not event["passing"]] in (
        [],
        ["hostile"],
    )
    assert daemon.events("prober_lost") == []
    assert most_memory(daemon) < 40_000
    told = [event for event in daemon.events("transition") if event["to"] == "INIT"]
    assert told == []
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.finish() == 0


# What these send is no failure: the client has what it asked for, or asked for nothing more.
PASSING = {"answers", "no-content"}


@pytest.mark.parametrize("kind", [*ANSWERS, STORM, SILENT, DRIP])
def test_a_hostile_answer_fails_its_own_check_alone(bench: Bench, kind: str) -> None:
    host, daemon = started(bench, kind, 'http = "http://127.0.0.1:8080/"')
    (bench.directory / "flag").touch()
    if kind in PASSING:
        before = daemon.counter("advertisement_sent")
        eventually("it goes on", lambda: daemon.counter("advertisement_sent") > before + 10)
    else:
        eventually("the check fails", lambda: check_of(daemon, 0)["passing"] is False)
    stays_in_office(host, daemon)


def test_a_tcp_server_that_talks_for_ever_is_left_at_once(bench: Bench) -> None:
    host, daemon = started(bench, TALKER, 'tcp = "127.0.0.1:8080"')
    (bench.directory / "flag").touch()
    before = daemon.counter("advertisement_sent")
    eventually("it goes on", lambda: daemon.counter("advertisement_sent") > before + 10)
    stays_in_office(host, daemon)


def test_a_handshake_that_takes_much_computing_delays_no_other_check(bench: Bench) -> None:
    authority = trustme.CA()
    certificate = bench.directory / "web.pem"
    issued = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    parameters = bench.directory / "dh.pem"
    command = ("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt")
    made = subprocess.run((*command, "group:ffdhe8192"), capture_output=True, check=True)
    parameters.write_bytes(made.stdout)
    host, daemon = started(
        bench,
        HANDSHAKE,
        'http = "https://127.0.0.1:8080/"\nverify = false',
        *("--certificate", str(certificate), "--parameters", str(parameters)),
    )
    before = daemon.counter("advertisement_sent")
    eventually("it goes on", lambda: daemon.counter("advertisement_sent") > before + 20)
    stays_in_office(host, daemon)


def test_files_on_a_disk_that_hangs_stop_nothing(bench: Bench) -> None:
    host = bench.host("r1", 1)
    ca, password = bench.directory / "ca.pem", bench.directory / "password"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    password.write_text("secret\n")
    password.chmod(0o600)
    web = bench.directory / "web.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(web))
    webserver = (sys.executable, "-m", "pyvrrp.testing.webserver", "--certificate", str(web))
    assert host.spawn(*webserver).running
    more = f"""checks = ["web"]
[check.web]
http = "https://127.0.0.1:8080/"
ca = "{ca}"
interval = "2s"
timeout = "2s"
[[virtual_router]]
name = "leased"
interface = "eth0"
vrid = 53
addresses = ["192.0.2.102/24"]
checks = ["key"]
[check.key]
lease = "http://127.0.0.1:1"
user = "pyvrrp"
password_file = "{password}"
"""
    daemon = bench.start(host, 200, more=more)
    eventually("it holds the address", daemon.holds)
    for file in (ca, password):
        # Reading a FIFO without a writer waits for ever, as a hung file system does.
        fifo = file.with_suffix(".fifo")
        os.mkfifo(fifo)
        fifo.replace(file)
    before = daemon.counter("advertisement_sent")
    eventually("it goes on", lambda: daemon.counter("advertisement_sent") > before + 50)
    assert daemon.holds()
    # The CA that was read before stays in use.
    assert check_of(daemon, 0)["passing"] is True
    assert daemon.events("prober_lost") == []
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.finish() == 0
