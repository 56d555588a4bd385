"""The daemon while its interface moves, judged by what the kernel and the wire say."""

import pytest

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import VIP, Bench, eventually

pytestmark = pytest.mark.kernel


def neighbour(host: Host) -> str:
    """Return where *host* believes the virtual address to be, as iproute2 says it."""
    return host.run("ip", "neigh", "show", VIP)


def test_another_hardware_address_of_a_master_is_told_to_the_neighbours(bench: Bench) -> None:
    one, client = bench.host("r1", 1), bench.host("c", 9)
    daemon = bench.start(one, 200, 'announce = { delay = "1s" }')
    eventually("r1 holds the address", daemon.holds)
    entry = ("lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud", "stale")
    client.run("ip", "neigh", "replace", VIP, *entry)
    one.run("ip", "link", "set", "eth0", "address", "02:00:00:00:be:ef")
    eventually("the neighbour knows", lambda: "02:00:00:00:be:ef" in neighbour(client))
    eventually("the log says so", lambda: bool(daemon.events("mac_changed")))
    assert daemon.status()["state"] == "MASTER"


def test_a_renamed_interface_is_none_and_the_router_comes_back_with_its_name(bench: Bench) -> None:
    one = bench.host("r1", 1)
    daemon = bench.start(one, 200)
    eventually("r1 holds the address", daemon.holds)
    one.run("ip", "link", "set", "eth0", "name", "lan0")
    eventually("it is INIT", lambda: daemon.status()["state"] == "INIT")
    assert daemon.status()["reason"] == "no such interface"
    eventually("the address is off", lambda: VIP not in one.addresses("lan0"))
    one.run("ip", "link", "set", "lan0", "name", "eth0")
    eventually("it is MASTER again", lambda: daemon.status()["state"] == "MASTER")
    eventually("r1 holds the address again", daemon.holds)


def test_a_router_on_an_alternative_name_starts_when_the_name_comes(bench: Bench) -> None:
    one = bench.host("r1", 1)
    daemon = bench.start(
        one,
        200,
        more='[[virtual_router]]\nname = "late"\ninterface = "uplink"\n'
        'vrid = 52\naddresses = ["192.0.2.101/24"]\nadvertisement_interval = "100ms"',
    )
    eventually("r1 holds the address", daemon.holds)
    one.run("ip", "link", "property", "add", "dev", "eth0", "altname", "uplink")
    eventually("the late one holds its address", lambda: daemon.holds("192.0.2.101"))


def test_two_names_of_one_interface_cannot_have_the_same_vrid(bench: Bench) -> None:
    one = bench.host("r1", 1)
    daemon = bench.start(
        one,
        200,
        more='[[virtual_router]]\nname = "twin"\ninterface = "uplink"\n'
        f'vrid = 51\naddresses = ["{VIP}/24"]\nadvertisement_interval = "100ms"',
    )
    eventually("r1 holds the address", daemon.holds)
    one.run("ip", "link", "property", "add", "dev", "eth0", "altname", "uplink")
    reason = "uplink and eth0 are one interface, and there VRID 51 over IPv4 is in use already"
    eventually(
        "the log names both",
        lambda: any(event["text"] == reason for event in daemon.events("sockets_refused")),
    )
    assert daemon.status()["state"] == "MASTER"
    assert daemon.holds()
    assert daemon.events("address_restored") == []


def test_an_mtu_below_1280_stops_ipv6_alone_and_a_larger_one_brings_it_back(bench: Bench) -> None:
    one = bench.host("r1", 1)
    daemon = bench.start(
        one,
        200,
        more='[[virtual_router]]\nname = "six"\ninterface = "eth0"\n'
        'vrid = 52\naddresses = ["fe80::52/64"]\nadvertisement_interval = "100ms"',
    )
    eventually("r1 holds both", lambda: daemon.holds() and daemon.holds("fe80::52"))
    one.run("ip", "link", "set", "eth0", "mtu", "1200")
    eventually("IPv6 is off", lambda: not daemon.holds("fe80::52"))
    assert daemon.holds()
    one.run("ip", "link", "set", "eth0", "mtu", "1500")
    eventually("IPv6 is back", lambda: daemon.holds("fe80::52"))
    eventually(
        "its group is joined again", lambda: "ff02::12" in one.run("ip", "maddr", "show", "eth0")
    )
    assert daemon.status()["state"] == "MASTER"
