"""What a virtual router does while its interface moves, in virtual time."""

from ipaddress import ip_address, ip_interface

from pyvrrp.config.model.configuration import AnnouncePolicy
from pyvrrp.identity import Family
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim
from tests.support.cluster import Cluster

NEW_MAC = bytes.fromhex("02000000beef")


def test_after_lost_events_the_sockets_tell_that_another_interface_has_the_index() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    first = node.host.sockets[Family.IPV4]
    first.attached = False
    node.host.held.clear()
    node.host.link()
    cluster.run(10)
    assert first.closed
    assert node.host.sockets[Family.IPV4] is not first
    assert (node.state, cluster.holders()) == ("MASTER", ["n1"])
    assert node.events("address_restored") == []


def test_a_refused_socket_is_the_reason_and_is_tried_once_a_second() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.open_error = "cannot open a packet socket on eth0: too many open files"
    node.supervisor.start()
    for _ in range(300):
        node.host.link()
        cluster.run(0.01)
    assert node.router.reason == node.host.open_error
    told = node.events("sockets_refused")
    assert [event.text for event in told] == [node.host.open_error]
    node.host.open_error = ""
    cluster.run(10)
    assert node.state == "MASTER"


def test_each_member_of_a_group_announces_the_new_hardware_address_of_its_interface() -> None:
    cluster = Cluster()
    node = cluster.node(200, group="edge", announce=AnnouncePolicy(count=1, delay=0, refresh=0))  # type: ignore[arg-type]
    cluster.run(10)
    node.host.announced.clear()
    node.host.link(mac=NEW_MAC)
    cluster.run(0.05)
    claims = [arp_claim(frame) for _, frame in node.host.announced]
    assert [claim for claim in claims if claim is not None] == [
        (ip_interface("192.0.2.100/24").ip, NEW_MAC)
    ]


def test_an_interface_below_the_mtu_of_ipv6_says_why_and_comes_back() -> None:
    cluster = Cluster()
    node = cluster.node(200, primary="fe80::1/64", addresses=("fe80::100/64",))
    cluster.run(10)
    assert node.state == "MASTER"
    node.host.link(mtu=1200)
    cluster.run(5)
    assert node.router.reason == "no IPv6 with an MTU of 1200 octets, it needs 1280"
    node.host.link(mtu=1280)
    cluster.run(10)
    assert node.state == "MASTER"


def test_an_own_address_of_the_list_of_peers_that_comes_late_is_sent_from_and_not_to() -> None:
    peers = (ip_address("192.0.2.1"), ip_address("192.0.2.2"))
    cluster = Cluster()
    node = cluster.node(200, primary="192.0.2.50/24", peers=peers)
    cluster.run(1)
    (link,) = node.router.links.all
    assert (link.destinations, node.router.primary_address) == (peers, ip_address("192.0.2.50"))
    node.host.link(addresses=(ip_interface("192.0.2.50/24"), ip_interface("192.0.2.1/24")))
    cluster.run(1)
    assert link.destinations == peers[1:]
    assert node.router.primary_address == peers[0]
