"""The daemon and the interfaces that it tracks, judged by what the kernel says."""

import json

import pytest

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import Bench, Daemon, eventually, pyvrrp

pytestmark = pytest.mark.kernel


def is_up(daemon: Daemon) -> bool:
    answer = pyvrrp("status", "--json", "--socket", str(daemon.socket)).stdout
    return bool(json.loads(answer)["interfaces"][0]["up"])


def add_uplink(host: Host) -> None:
    host.run("ip", "link", "add", "up0", "type", "veth", "peer", "up1")
    for end in ("up0", "up1"):
        host.run("ip", "link", "set", end, "up")


def test_a_tracked_interface_that_goes_down_moves_the_address(bench: Bench) -> None:
    one, two = bench.host("r1", 1), bench.host("r2", 2)
    add_uplink(one)
    # The other node does not have the interface, so without a weight it could not take over.
    keys = 'track_interfaces = [{ interface = "up0", weight = 20 }]'
    first = bench.start(one, 100, 'track_interfaces = ["up0"]')
    second = bench.start(two, 90, keys)
    eventually("r1 holds the address", first.holds)
    one.run("ip", "link", "set", "up1", "down")  # up0 loses its carrier
    eventually("r2 holds the address", second.holds)
    eventually("r1 has let go", lambda: not first.holds())
    assert first.status()["reason"] == "tracked interface up0 is down"
    assert second.status()["effective_priority"] == 90
    shown = pyvrrp("status", "--socket", str(first.socket)).stdout
    assert "tracked interface up0: is down, keeps this node in INIT" in shown
    one.run("ip", "link", "delete", "up0")
    gone = "tracked interface up0 does not exist"
    eventually("the reason says so", lambda: first.status()["reason"] == gone)
    add_uplink(one)
    eventually("r1 holds the address again", first.holds)


def test_a_node_alone_on_its_cable_serves_without_track_primary(bench: Bench) -> None:
    one = bench.host("r1", 1)
    daemon = bench.start(one, 100, "track_primary = false")
    eventually("r1 holds the address", daemon.holds)
    bench.lan.cut(one)
    eventually("it has seen that the cable is out", lambda: not is_up(daemon))
    assert (daemon.status()["state"], daemon.holds()) == ("MASTER", True)
