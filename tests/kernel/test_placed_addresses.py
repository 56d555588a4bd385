"""Addresses with options, on another interface, excluded ones: as the kernel shows them."""

import os
import signal
import sys

import pytest

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import Bench, Daemon, eventually

pytestmark = pytest.mark.kernel

MORE = """
excluded_addresses = [
    "2001:db8::100/64",
    { address = "203.0.113.1/24", label = "eth0:shop", scope = "link", broadcast = "+" },
    { address = "198.51.100.1/24", interface = "eth1", prefix_route = false },
    { address = "198.51.100.2/32", interface = "eth1", track = false },
]
"""


def shown(host: Host, interface: str, address: str) -> str:
    lines = host.run("ip", "-o", "address", "show", "dev", interface).splitlines()
    return next((line for line in lines if f" {address}/" in line), "")


def begun(bench: Bench) -> tuple[Host, Daemon]:
    host = bench.host("r1", 1)
    host.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "far")
    host.run("ip", "link", "set", "eth1", "up")
    daemon = bench.start(host, 200, MORE)
    eventually("all are there", lambda: bool(shown(host, "eth1", "198.51.100.2")))
    eventually("all are there", lambda: bool(shown(host, "eth0", "192.0.2.100")))
    return host, daemon


def test_each_address_stands_as_its_options_say(bench: Bench) -> None:
    host, daemon = begun(bench)
    with_options = shown(host, "eth0", "203.0.113.1")
    assert "203.0.113.1/24 brd 203.0.113.255 scope link" in with_options
    assert " eth0:shop" in with_options
    assert "2001:db8::100/64 scope global" in shown(host, "eth0", "2001:db8::100")
    assert "noprefixroute" in shown(host, "eth1", "198.51.100.1")
    assert "198.51.100.0/24" not in host.run("ip", "route")
    # A renewal changes nothing of it, and an address that is not tracked stays away.
    host.run("ip", "address", "del", "198.51.100.2/32", "dev", "eth1")
    host.run("ip", "address", "del", "198.51.100.1/24", "dev", "eth1")
    eventually("the other one is back", lambda: bool(shown(host, "eth1", "198.51.100.1")))
    eventually("it was told", lambda: daemon.counter("addresses_restored") == 1)
    assert not shown(host, "eth1", "198.51.100.2")
    assert "noprefixroute" in shown(host, "eth1", "198.51.100.1")
    # All five addresses are announced, each on its interface.
    assert daemon.counter("announcements_sent") >= 5 * 5
    assert daemon.counter("announcement_errors") == 0
    listed = daemon.status()["addresses"]
    assert isinstance(listed, list)
    assert [(one["interface"], one["advertised"], one["present"]) for one in listed] == [
        ("eth0", True, True),
        ("eth0", False, True),
        ("eth0", False, True),
        ("eth1", False, True),
        ("eth1", False, False),
    ]


def test_the_router_takes_part_only_while_the_other_interface_exists(bench: Bench) -> None:
    host, daemon = begun(bench)
    host.run("ip", "link", "del", "eth1")
    eventually("it leaves", lambda: daemon.status()["state"] == "INIT")
    assert daemon.status()["reason"] == "no interface eth1, where 198.51.100.1 belongs"
    assert not daemon.holds()
    host.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "far")
    host.run("ip", "link", "set", "eth1", "up")
    eventually("it is back", lambda: bool(shown(host, "eth1", "198.51.100.1")))
    os.kill(daemon.pid, signal.SIGKILL)
    eventually("eth1 has none", lambda: "inet " not in host.run("ip", "a", "s", "eth1"))
    eventually("eth0 has none", lambda: not daemon.holds())


def test_without_addresses_two_nodes_elect_one_master_and_hold_nothing(bench: Bench) -> None:
    nodes = []
    for name, number, priority in (("r1", 1, 200), ("r2", 2, 100)):
        host = bench.host(name, number)
        config = bench.directory / f"{name}.toml"
        control = bench.directory / f"{name}.sock"
        config.write_text(
            f'node = "{name}"\ncontrol_socket = "{control}"\n'
            f'state_file = "{bench.directory / name}.json"\n'
            '[[virtual_router]]\nname = "elect"\ninterface = "eth0"\nvrid = 51\n'
            f"priority = {priority}\naddresses = []\n"
        )
        process = host.spawn(
            sys.executable, "-m", "pyvrrp", "run", "-c", str(config), "--log-format", "json"
        )
        eventually("it answers", lambda at=control: at.is_socket())  # type: ignore[misc]
        nodes.append(Daemon(host, process, control, config))
    high, low = nodes
    eventually("r1 is master", lambda: high.status()["state"] == "MASTER")
    eventually("r2 hears it", lambda: low.counter("advertisement_rcvd") > 2)
    assert (low.status()["state"], low.counter("address_count_errors")) == ("BACKUP", 0)
    assert high.status()["addresses"] == []
    assert high.host.addresses("eth0") - {"192.0.2.1"} == {
        one for one in high.host.addresses("eth0") if one.startswith("fe80")
    }
