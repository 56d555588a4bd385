"""A daemon on a kernel that refuses: what its neighbours see, and what it says."""

import signal

import pytest

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import VIP, Bench, Daemon, eventually, pyvrrp
from tests.kernel.wire import ip, sysctl

pytestmark = pytest.mark.kernel

SIX = "2001:db8::51"
BOTH = f'addresses = ["fe80::51/64", "{SIX}/64"]\n'


def six(bench: Bench, host: Host, priority: int) -> Daemon:
    more = (
        f'[[virtual_router]]\nname = "six"\ninterface = "eth0"\nvrid = 52\npriority = {priority}\n'
    )
    return bench.start(host, priority, f'{more}advertisement_interval = "100ms"\n{BOTH}')


@pytest.mark.parametrize("how", ["mtu", "disable"])
def test_ipv6_goes_to_the_standby_and_ipv4_stays(bench: Bench, how: str) -> None:
    high, low = six(bench, bench.host("a", 1), 200), six(bench, bench.host("b", 2), 100)
    eventually("a has both", lambda: high.holds() and high.holds(SIX))
    if how == "mtu":
        ip("-n", high.host.namespace, "link", "set", "eth0", "mtu", "1200")
    else:
        sysctl(high.host.namespace, "net/ipv6/conf/eth0/disable_ipv6", "1")
    eventually("b has the IPv6 address", lambda: low.holds(SIX))
    assert high.holds()
    assert not low.holds()


def test_a_master_that_cannot_send_leaves_and_says_why(bench: Bench) -> None:
    peers = 'peers = ["192.0.2.1", "192.0.2.2"]\nlease = "off"'
    high = bench.start(bench.host("a", 1), 200, peers)
    low = bench.start(bench.host("b", 2), 100, peers)
    eventually("a has the address", high.holds)
    chain = "chain out { type filter hook output priority 0; ip protocol 112 drop; }"
    ip("netns", "exec", high.host.namespace, "nft", f"table ip f {{ {chain}; }}")
    eventually("b has the address", lambda: low.holds() and not high.holds())
    eventually("a says why", lambda: "no advertisement leaves" in str(high.status()["reason"]))
    assert pyvrrp("status", "web", "--socket", str(high.socket)).returncode == 1
    assert pyvrrp("status", "web", "--socket", str(low.socket)).returncode == 0


def test_the_operators_address_stays_at_the_start(bench: Bench) -> None:
    host = bench.host("a", 1)
    ip("-n", host.namespace, "addr", "add", f"{VIP}/24", "dev", "eth0")
    daemon = bench.start(host, 200)
    said = f"{VIP}/24 is on eth0, and pyvrrp has not added it"
    eventually("it says why", lambda: said in str(daemon.status()["reason"]))
    assert daemon.holds()
    daemon.process.signal(signal.SIGTERM)
    eventually("it has ended", lambda: not daemon.process.running)
    assert daemon.holds()


def test_an_address_that_the_operator_makes_permanent_is_left_alone(bench: Bench) -> None:
    high, low = bench.start(bench.host("a", 1), 200), bench.start(bench.host("b", 2), 100)
    eventually("a has the address", high.holds)
    forever = ("valid_lft", "forever", "preferred_lft", "forever")

    def b_has_it_once_it_is_permanent_on_a() -> bool:
        # A renewal that is under way at this moment gives it a lifetime once more.
        ip("-n", high.host.namespace, "addr", "change", f"{VIP}/24", "dev", "eth0", *forever)
        return low.holds()

    eventually("b has the address", b_has_it_once_it_is_permanent_on_a)
    assert "forever" in ip("-n", high.host.namespace, "addr", "show", "dev", "eth0", "to", VIP)


def test_addresses_that_an_operator_flushes_are_put_back(bench: Bench) -> None:
    daemon = bench.start(bench.host("a", 1), 200)
    eventually("a has the address", daemon.holds)
    ip("-n", daemon.host.namespace, "addr", "flush", "dev", "eth0", "to", VIP)
    eventually("it is back", lambda: daemon.holds() and daemon.counter("addresses_restored") == 1)
