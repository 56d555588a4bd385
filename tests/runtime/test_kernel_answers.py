"""What virtual routers do with the answers of the kernel: addresses, and advertisements."""

import errno
from ipaddress import ip_interface

import pytest

from pyvrrp.identity import Family
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.router.view import view_of
from pyvrrp.simulator.world.network.sockets import claim_of
from pyvrrp.virtual_router.states import Init, Releasing
from tests.support.cluster import VIP, Cluster, Node

REFUSED = "cannot remove 192.0.2.100/24 from eth0: operation not permitted"
SEND = "cannot send on eth0: operation not permitted"
DEAD = ProbeResult(False, "HTTP 500")


def announcements(node: Node) -> int:
    """Return how many frames have claimed an address; questions to neighbours are none."""
    return sum(claim_of(frame) is not None for _, frame in node.host.announced)


@pytest.mark.parametrize(
    "code", [errno.ENXIO, errno.ENODEV, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EOPNOTSUPP]
)
def test_addresses_that_cannot_be_there_end_a_release(code: int) -> None:
    cluster = Cluster()
    high, low = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10)
    high.host.removal_error, high.host.kernel_code = "cannot remove: no such thing", code
    high.set_service(DEAD)
    cluster.run(4)
    assert type(high.router.state) is Init
    assert low.state == "MASTER"


def test_a_refused_removal_ends_with_the_lease() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10)
    high.host.removal_error, high.host.kernel_code = REFUSED, errno.EPERM
    high.host.no_more_events()
    high.set_service(DEAD)
    cluster.run(4)
    assert high.state == "MASTER"  # it is releasing: nothing proves that the address is gone
    assert cluster.masters() == ["n1"]
    cluster.run(4)
    assert type(high.router.state) is Init
    assert cluster.holders() == ["n2"]
    assert low.state == "MASTER"
    assert high.events("addresses_absent")[-1].text == (
        "the address lease has run out: no address is on the interface"
    )


def test_without_a_lease_a_refused_removal_proves_nothing() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True, lease=0)
    cluster.node(100)
    cluster.run(10)
    high.host.removal_error, high.host.kernel_code = REFUSED, errno.EPERM
    high.set_service(DEAD)
    cluster.run(30)
    assert type(high.router.state) is Releasing
    assert cluster.holders() == ["n1"]
    # Somebody removes it by hand: the kernel does not list it any more.
    high.host.delete(VIP)
    cluster.run(1)
    assert cluster.holders() == ["n2"]


def test_while_the_machine_is_suspended_the_lease_does_not_run_out() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True)
    cluster.run(10)
    high.host.removal_error, high.host.kernel_code = REFUSED, errno.EPERM
    high.host.no_more_events()
    high.set_service(DEAD)
    cluster.run(3.5)
    assert type(high.router.state) is Releasing
    cluster.clock.stall(60)
    cluster.run(0.1)
    assert not high.router.addresses.keeper.gone


def test_a_refused_restoration_is_repeated() -> None:
    cluster = Cluster()
    node = cluster.node(200, lease=0)
    cluster.run(5)
    node.host.kernel_error, node.host.kernel_code = "cannot add: no buffer space", errno.ENOBUFS
    node.host.delete(VIP)
    cluster.run(0.15)
    assert cluster.holders() == []
    node.host.kernel_error = ""
    cluster.run(0.3)
    assert cluster.holders() == ["n1"]
    assert node.count("addresses_restored") == 1


def test_a_restoration_that_is_refused_again_and_again_ends_the_mastership() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, lease=0), cluster.node(100)
    cluster.run(5)
    high.host.kernel_error, high.host.kernel_code = "cannot add: no buffer space", errno.ENOBUFS
    high.host.delete(VIP)
    cluster.run(1)
    refusals = [at for at, what, *_ in high.host.requests if what == "present"][1:]
    assert len(refusals) == 3
    assert low.state == "BACKUP"
    assert high.state == "MASTER"  # the removal is refused too, but the kernel lists no address
    high.host.kernel_error = ""
    cluster.run(2)
    assert cluster.holders() == ["n2"]


def test_an_interface_that_cannot_have_the_addresses_is_left_at_the_first_answer() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(5)
    high.host.kernel_error, high.host.kernel_code = "cannot renew: IPv6 is off", errno.ENXIO
    cluster.run(1.6)
    assert type(high.router.state) is Init
    assert low.state == "MASTER"


def test_a_master_that_cannot_send_adds_and_announces_nothing_and_says_why() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    node.host.send_error, node.host.send_code = SEND, errno.EPERM
    cluster.run(5)
    assert node.state == "MASTER"
    assert cluster.holders() == []
    assert announcements(node) == 0
    view = view_of(node.router, cluster.clock.now())
    assert view.reason.endswith(f"; no advertisement leaves: {SEND}")


def test_a_master_that_cannot_send_leaves_after_master_down_interval_and_tries_again() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.send_error, node.host.send_code = SEND, errno.EPERM
    cluster.run(3.5)
    assert isinstance(node.router.state, Init)
    assert node.router.state.reason == f"no advertisement leaves: {SEND}"
    node.host.send_error = ""
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_a_lease_for_ever_goes_too_when_nothing_can_be_sent() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, lease=0), cluster.node(100)
    cluster.run(10)
    high.host.send_error, high.host.send_code = SEND, errno.EPERM
    cluster.run(4)
    assert cluster.holders() == ["n2"]
    frames = announcements(high)
    cluster.run(30)
    assert cluster.holders() == ["n2"]
    assert announcements(high) == frames
    assert low.state == "MASTER"


def test_an_advertisement_that_the_kernel_finds_too_long_is_not_tried_for_long() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    node.host.send_error, node.host.send_code = "cannot send: message too long", errno.EMSGSIZE
    cluster.run(3.3)
    assert isinstance(node.router.state, Init)
    assert cluster.holders() == []


def test_a_short_silence_is_followed_by_announcements() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10.5)
    node.host.send_error = SEND
    cluster.run(1)
    node.host.send_error = ""
    frames = announcements(node)
    cluster.run(1)
    assert cluster.holders() == ["n1"]
    assert announcements(node) == frames + 5


def test_an_advertisement_that_does_not_fit_the_mtu_is_the_reason() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(5)
    high.host.link(mtu=68)
    cluster.run(1)
    assert high.state == "MASTER"  # 32 octets fit
    high.host.link(mtu=31)
    cluster.run(4)
    assert type(high.router.state) is Init
    assert high.router.state.reason == (
        "an advertisement of 32 octets does not fit the MTU 31 of eth0"
    )
    assert low.state == "MASTER"
    high.host.link(mtu=1500)
    cluster.run(5)
    assert cluster.holders() == ["n1"]


def test_an_address_of_the_operator_is_refused_with_its_name_and_stays() -> None:
    cluster = Cluster()
    node = cluster.node(200, primary=VIP)
    cluster.run(10)
    assert isinstance(node.router.state, Init)
    assert node.router.state.reason == (
        "192.0.2.100/24 is on eth0, and pyvrrp has not added it: remove it there, or set "
        "priority = 255 if this node owns it"
    )
    assert not any(what == "present" for _, what, *_ in node.host.requests)


@pytest.mark.parametrize("word", [VIP, "192.0.2.100/32"])
def test_an_address_that_becomes_the_operators_is_let_go(word: str) -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(5)
    high.host.held.pop(ip_interface(VIP))
    state = high.host.state
    high.host.link(addresses=(*state.addresses, ip_interface(word)))
    cluster.run(4)
    assert type(high.router.state) is Init
    assert high.router.state.reason.startswith(f"{word} is on eth0")
    assert low.state == "MASTER"
    high.host.link(addresses=state.addresses)
    cluster.run(5)
    assert cluster.holders() == ["n1"]


def test_a_family_without_a_socket_is_told_and_tried_again_when_the_interface_changes() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(5)
    node.host.open_errors[Family.IPV4] = errno.EAFNOSUPPORT
    node.host.link(index=7)
    cluster.run(5)
    assert isinstance(node.router.state, Init)
    assert node.router.state.reason == "cannot join eth0"
    del node.host.open_errors[Family.IPV4]
    node.host.link(mac=bytes((2, 0, 0, 0, 0, 9)))
    cluster.run(5)
    assert cluster.holders() == ["n1"]


def test_an_ipv4_address_that_this_host_would_send_from_is_told_once() -> None:
    cluster = Cluster()
    node = cluster.node(200, addresses=("198.51.100.10/24",))
    cluster.run(20)
    (event,) = node.events("source_address")
    assert event.text == (
        "198.51.100.10/24 is the first address of its network on eth0: as MASTER this host sends "
        "from it to 198.51.100.0/24. Set 198.51.100.10/32, or give the interface an address of its "
        "own in that network"
    )


@pytest.mark.parametrize("address", ["198.51.100.10/32", VIP, "2001:db8::10/64"])
def test_an_address_that_is_no_source_is_no_warning(address: str) -> None:
    cluster = Cluster()
    node = cluster.node(200, addresses=(address,))
    cluster.run(5)
    assert node.events("source_address") == []
