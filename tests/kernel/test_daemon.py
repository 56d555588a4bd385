"""The daemon itself, as a user starts it, judged by what the kernel and the wire say."""

import os
import signal
import socket
import sys
import time
from ipaddress import IPv4Address

import pytest

from pyvrrp.daemon.signals import IGNORED, WITHOUT_EFFECT
from pyvrrp.packet.neighbours.gratuitous_arp import gratuitous_arp
from tests.kernel.daemons import VIP, Bench, eventually, pyvrrp
from tests.kernel.wire import add_ours

pytestmark = pytest.mark.kernel


def test_two_nodes_one_address_and_a_planned_stop_leaves_nothing_behind(bench: Bench) -> None:
    one, two = bench.host("r1", 1), bench.host("r2", 2)
    high, low = bench.start(one, 200), bench.start(two, 100)
    eventually("r1 holds the address", high.holds)
    assert not low.holds()
    assert (high.status()["state"], low.status()["state"]) == ("MASTER", "BACKUP")
    before = one.run("ip", "-o", "link", "show")
    high.process.signal(signal.SIGTERM)
    eventually("r2 holds the address", low.holds)
    eventually("the daemon is gone", lambda: not high.process.running)
    assert high.process.finish() == 0
    assert not high.holds()
    assert not high.socket.exists()
    assert one.run("ip", "-o", "link", "show") == before
    assert [e["event"] for e in high.events("stopped")] == ["stopped"]


@pytest.mark.parametrize(
    ("number", "event"),
    [
        (signal.SIGHUP, "reloaded"),
        (signal.SIGUSR1, "status"),
        (signal.SIGUSR2, "counters"),
    ],
)
def test_a_signal_of_an_administrator_is_answered_in_the_log(
    bench: Bench, number: int, event: str
) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    os.kill(daemon.pid, number)
    eventually("it answers in the log", lambda: bool(daemon.events(event)))
    assert daemon.status()["state"] == "MASTER"
    assert len(daemon.events("transition")) == 2


def test_a_signal_that_asks_for_nothing_does_nothing(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    for number in (*WITHOUT_EFFECT, *IGNORED, signal.SIGPIPE, signal.SIGWINCH):
        os.kill(daemon.pid, number)
    os.kill(daemon.pid, signal.SIGUSR1)
    eventually("it goes on", lambda: bool(daemon.events("status")))
    assert daemon.status()["state"] == "MASTER"
    assert len(daemon.events("transition")) == 2


def test_a_killed_daemon_loses_its_address_through_the_guardian(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200, more='lease = "off"')
    eventually("it holds the address", daemon.holds)
    os.kill(daemon.pid, signal.SIGKILL)
    eventually("the guardian has removed it", lambda: not daemon.holds())


def test_without_a_guardian_the_lease_runs_out(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200, top="guardian = false")
    eventually("it holds the address", daemon.holds)
    os.kill(daemon.pid, signal.SIGKILL)
    eventually("the lease has run out", lambda: not daemon.holds())


def test_a_stopped_daemon_loses_its_address_and_comes_back_as_a_backup(bench: Bench) -> None:
    high = bench.start(bench.host("r1", 1), 200)
    low = bench.start(bench.host("r2", 2), 100)
    eventually("r1 holds the address", high.holds)
    os.kill(high.pid, signal.SIGSTOP)
    eventually("the lease of r1 has run out", lambda: not high.holds())
    eventually("r2 holds the address", low.holds)
    os.kill(high.pid, signal.SIGCONT)
    eventually("r1 has noticed", lambda: len(high.events("transition")) >= 3)
    stalled = high.events("transition")[2]
    assert (stalled["from"], stalled["to"]) == ("MASTER", "BACKUP")
    assert str(stalled["reason"]).startswith("stalled for ")
    eventually("r1 takes it back", high.holds)


def test_what_an_earlier_life_left_behind_is_removed_at_start(bench: Bench) -> None:
    host = bench.host("r1", 1)
    add_ours(host.namespace, f"{VIP}/24", interface="eth0")
    daemon = bench.start(host, 100, interval="1s")
    eventually("the old address is gone", lambda: not daemon.holds())
    assert daemon.status()["state"] in {"INIT", "BACKUP"}


def test_a_deleted_address_comes_back_and_the_state_does_not_change(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    time.sleep(0.3)
    daemon.host.ip(f"address del {VIP}/24 dev eth0")
    eventually("it is back", daemon.holds)
    eventually("it is counted", lambda: daemon.counter("addresses_restored") == 1)
    assert len(daemon.events("transition")) == 2


def test_link_down_and_up(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    bench.lan.cut(daemon.host)
    eventually("the address is gone", lambda: not daemon.holds())
    assert daemon.status()["reason"] == "link down"
    bench.lan.heal(daemon.host)
    eventually("it holds the address again", daemon.holds)


def test_a_missing_interface_is_named_and_waited_for(bench: Bench) -> None:
    host = bench.network.host("r1")
    daemon = bench.start(host, 200)
    eventually("it says so", lambda: daemon.status()["reason"] == "no such interface")
    bench.lan.attach(host)
    eventually("no address yet", lambda: daemon.status()["reason"] == "no primary address")
    host.ip("address add 192.0.2.1/24 dev eth0")
    eventually("it holds the address", daemon.holds)
    host.ip("link del eth0")
    eventually("it says so", lambda: daemon.status()["reason"] == "no such interface")
    assert daemon.process.running


def test_a_primary_address_that_changes_is_followed(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    # Else the kernel removes all other addresses of the subnet along with the first one.
    daemon.host.tune({"ipv4/conf/eth0/promote_secondaries": 1})
    daemon.host.ip("address add 192.0.2.77/24 dev eth0", "address del 192.0.2.1/24 dev eth0")
    eventually("it is followed", lambda: daemon.status()["primary_address"] == "192.0.2.77")
    eventually("it still holds the address", daemon.holds)


def test_a_flood_of_invalid_advertisements_silences_nobody(bench: Bench) -> None:
    high = bench.start(bench.host("r1", 1), 200)
    low = bench.start(bench.host("r2", 2), 100)
    attacker = bench.host("evil", 66)
    eventually("r1 holds the address", high.holds)
    eventually("r2 has heard r1", lambda: low.counter("advertisement_rcvd") > 2)
    transitions = len(low.events("transition"))
    raw = attacker.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    raw.bind(("eth0", 0))
    mac = bytes.fromhex("01005e000012") + attacker.macs["eth0"] + b"\x08\x00"
    bad = bytes.fromhex(
        "45c00020000100 00ff70d6cd c0000242 e0000012 3133ff01 0064ffff c0000264".replace(" ", "")
    )
    truncated = bad[:24]
    sent_before = high.counter("advertisement_sent")
    started = time.monotonic()
    for batch in range(300):  # 30,000 packets in three seconds
        for _ in range(50):
            raw.send(mac + bad)
            raw.send(mac + truncated)
        time.sleep(max(0.0, started + (batch + 1) * 0.01 - time.monotonic()))
    elapsed = time.monotonic() - started
    sent = high.counter("advertisement_sent") - sent_before
    assert sent >= 0.8 * elapsed / 0.1
    assert low.status()["state"] == "BACKUP"
    assert len(low.events("transition")) == transitions
    assert len(high.events("discarded")) <= 4
    raw.close()


def test_random_frames_change_nothing(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    attacker = bench.host("evil", 66)
    eventually("it holds the address", daemon.holds)
    raw = attacker.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    raw.bind(("eth0", 0))
    for _ in range(2000):
        kind = os.urandom(1)[0] % 3
        head = bytes.fromhex("01005e000012") + attacker.macs["eth0"]
        body = (b"\x08\x00\x45\xc0", b"\x86\xdd\x60\x00", b"\x08\x06")[kind]
        raw.send(head + body + os.urandom(5) + b"\xff\x70" + os.urandom(60))
    assert daemon.status()["state"] == "MASTER"
    assert daemon.process.running
    assert [line for line in daemon.process.lines if line.error] == []
    raw.close()


def test_a_host_that_has_the_address_already_is_reported_and_counted(bench: Bench) -> None:
    squatter = bench.host("evil", 66)
    squatter.ip(f"address add {VIP}/24 dev eth0")
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it is counted", lambda: daemon.counter("address_conflicts") > 0)
    eventually("it is reported", lambda: bool(daemon.events("address_conflict")))
    text = daemon.events("address_conflict")[0]["text"]
    assert text == f"{VIP} is claimed by {squatter.macs['eth0'].hex(':')} too"


def test_a_forged_gratuitous_arp_is_reported_once(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    attacker = bench.host("evil", 66)
    eventually("it holds the address", daemon.holds)
    raw = attacker.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    raw.bind(("eth0", 0))
    for _ in range(50):
        raw.send(gratuitous_arp(IPv4Address(VIP), attacker.macs["eth0"]))
    eventually("all are counted", lambda: daemon.counter("address_conflicts") >= 50)
    eventually("it says so", lambda: bool(daemon.events("address_conflict")))
    assert len(daemon.events("address_conflict")) == 1
    raw.close()


def test_a_returning_owner_is_heard_although_its_source_is_local_here(bench: Bench) -> None:
    backup = bench.start(bench.host("r2", 2), 100)
    eventually("r2 holds the address", backup.holds)
    owner_host = bench.host("r1", 1)
    owner_host.ip("address flush dev eth0", f"address add {VIP}/24 dev eth0")
    owner = bench.start(owner_host, 255)
    eventually("r2 has given way", lambda: not backup.holds())
    assert owner.status()["state"] == "MASTER"
    owner.process.signal(signal.SIGTERM)
    eventually("the owner is gone", lambda: not owner.process.running)
    assert owner.holds(), "the operator's own address must stay"


def test_sockets_and_addresses_of_another_namespace(bench: Bench) -> None:
    inner = bench.host("r1", 1)
    config = bench.directory / "outside.toml"
    control = bench.directory / "outside.sock"
    config.write_text(
        f'node = "outside"\ncontrol_socket = "{control}"\n'
        f'[[virtual_router]]\nname = "web"\nnetns = "{inner.namespace}"\ninterface = "eth0"\n'
        f'vrid = 51\npriority = 200\naddresses = ["{VIP}/24", "fe80::100/64"]\n'
        f'advertisement_interval = "100ms"\n'
    )
    outside = bench.network.host("outside")
    process = outside.spawn(sys.executable, "-m", "pyvrrp", "run", "-c", str(config))
    eventually("the address is in the namespace", lambda: VIP in inner.addresses("eth0"))
    eventually("both families are", lambda: "fe80::100" in inner.addresses("eth0"))
    os.kill(process.pid, signal.SIGKILL)
    eventually("the guardian found its way there", lambda: VIP not in inner.addresses("eth0"))


def test_a_second_daemon_with_the_same_control_socket_is_refused(bench: Bench) -> None:
    first = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", first.holds)
    second = pyvrrp("run", "-c", str(first.config))
    assert second.returncode == 3
    assert "another pyvrrp answers on control socket" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.holds()


def test_two_signals_end_it_at_once_and_the_guardian_tidies_up(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    os.kill(daemon.pid, signal.SIGTERM)
    os.kill(daemon.pid, signal.SIGINT)
    eventually("it is gone", lambda: not daemon.process.running)
    eventually("so is the address", lambda: not daemon.holds())
