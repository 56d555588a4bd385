"""Unicast to named peers, and several links for one virtual router."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

import pytest

from pyvrrp.config.model.configuration import LinkConfig
from pyvrrp.identity import Address, Family, Place, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.encode import encode
from pyvrrp.runtime.links.source_address import source_address
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import Cluster, Node
from tests.support.world import FakeCard, Lan

PEERS = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
SECOND_PEERS = (IPv4Address("10.9.9.2"), IPv4Address("10.9.9.1"))  # the other way round on purpose
ETH1 = Place("", "eth1")


def advertisement(
    source: str,
    destination: str,
    *,
    priority: int = 200,
    ttl: int = 255,
    version: Version = Version.V3,
) -> bytes:
    said = Advertisement(version, 51, priority, SECOND, (IPv4Address("192.0.2.100"),))
    ends = (ip_address(source), ip_address(destination))
    return build_datagram(encode(said, *ends, ChecksumForm.PSEUDO_HEADER), *ends, ttl=ttl)


def hear(node: Node, packet: bytes) -> None:
    node.host.sockets[Family.IPV4].receive(packet)


def unicast_pair() -> tuple[Cluster, Node, Node]:
    cluster = Cluster()
    first = cluster.node(200, peers=PEERS)
    second = cluster.node(100, peers=PEERS)
    return cluster, first, second


# --- unicast ---


def test_two_nodes_with_one_list_of_peers_elect_the_better_one() -> None:
    cluster, first, second = unicast_pair()
    cluster.run(10)
    assert (first.state, second.state) == ("MASTER", "BACKUP")
    assert cluster.holders() == ["n1"]
    assert second.count("advertisement_rcvd") > 5


def test_nothing_is_sent_to_the_group_and_the_group_is_not_joined() -> None:
    cluster, first, _ = unicast_pair()
    cluster.run(10)
    assert first.host.sockets[Family.IPV4].opened_for == (False, True)
    destinations = {packet[16:20] for _, _, packet in cluster.lan.sent}
    assert destinations == {PEERS[1].packed}


def test_without_peers_the_interface_is_opened_for_multicast_alone() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(1)
    assert node.host.sockets[Family.IPV4].opened_for == (True, False)


def test_a_dead_peer_is_taken_over_from() -> None:
    cluster, first, second = unicast_pair()
    cluster.run(10)
    first.host.connected = False
    cluster.run(4)
    assert second.state == "MASTER"


def test_a_stranger_is_not_believed_and_is_named_once() -> None:
    cluster, first, second = unicast_pair()
    cluster.run(10)
    for _ in range(5):
        hear(first, advertisement("192.0.2.66", "192.0.2.1", priority=254))
    cluster.run(1)
    assert (first.state, second.state) == ("MASTER", "BACKUP")
    assert first.count("unknown_peers") == 5
    [event] = first.events("discarded")
    assert event.fields["source"] == "192.0.2.66"
    assert event.fields["counter"] == "unknown_peers"
    assert event.text == (
        "discarded a packet from 192.0.2.66: 192.0.2.66 is not among the peers: add it, unless NAT "
        "has put it there"
    )


def test_multicast_is_dropped_where_there_are_peers() -> None:
    cluster, first, _ = unicast_pair()
    cluster.run(10)
    hear(first, advertisement("192.0.2.2", "224.0.0.18", priority=254))
    assert first.state == "MASTER"
    assert first.count("destination_errors") == 1


def test_unicast_is_dropped_where_there_are_none() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.run(10)
    hear(node, advertisement("192.0.2.2", "192.0.2.1", priority=254))
    assert node.state == "MASTER"
    assert node.count("destination_errors") == 1


@pytest.mark.parametrize(("ttl", "state"), [(253, "MASTER"), (254, "BACKUP")])
def test_a_peer_behind_routers_is_believed_as_far_as_min_ttl_says(ttl: int, state: str) -> None:
    cluster = Cluster()
    node = cluster.node(100, peers=PEERS, min_ttl=254)
    cluster.run(10)
    hear(node, advertisement("192.0.2.2", "192.0.2.1", ttl=ttl))
    assert node.state == state
    assert node.count("ip_ttl_errors") == (ttl == 253)
    assert node.host.sockets[Family.IPV4].min_ttl == 254


def test_the_own_address_heard_from_elsewhere_is_no_peer() -> None:
    cluster, first, _ = unicast_pair()
    cluster.run(10)
    hear(first, advertisement("192.0.2.1", "192.0.2.1", priority=254))
    assert first.state == "MASTER"
    assert first.count("own_advertisements") == 1


def test_one_unreachable_peer_keeps_none_of_the_others_waiting() -> None:
    three = (*PEERS, IPv4Address("192.0.2.3"))
    cluster = Cluster()
    first = cluster.node(200, peers=three)
    second = cluster.node(100, peers=three)
    third = cluster.node(50, peers=three)
    cluster.run(5)
    second.host.link(up=False)
    first.host.unreachable.add(IPv4Address("192.0.2.2"))
    cluster.run(10)
    assert (first.state, third.state) == ("MASTER", "BACKUP")
    assert first.count("send_errors") == 10
    assert len(first.events("send_failed")) == 1
    assert third.count("advertisement_rcvd") > 9


def test_a_node_that_is_alone_in_its_list_says_so_and_stays_out() -> None:
    cluster = Cluster()
    node = cluster.node(200, peers=PEERS[:1])
    cluster.run(10)
    assert node.state == "INIT"
    assert node.router.reporter.reason == "no peer but this node itself"
    assert cluster.holders() == []


# --- the address to send from ---


@pytest.mark.parametrize(
    ("own", "peers", "chosen"),
    [
        (["192.0.2.1/24", "198.51.100.1/24"], [], "192.0.2.1"),
        (["192.0.2.1/24", "198.51.100.1/24"], ["198.51.100.1", "198.51.100.2"], "198.51.100.1"),
        (["192.0.2.1/24", "198.51.100.1/24"], ["198.51.100.2"], "198.51.100.1"),
        (["192.0.2.1/24", "198.51.100.1/24"], ["203.0.113.2"], "192.0.2.1"),
        (["fe80::1/64"], ["192.0.2.2"], None),
        ([], ["192.0.2.2"], None),
    ],
)
def test_the_source_is_the_address_that_the_others_believe(
    own: list[str], peers: list[str], chosen: str | None
) -> None:
    found = source_address(
        [ip_interface(a) for a in own], Family.IPV4, [ip_address(a) for a in peers]
    )
    assert found == (None if chosen is None else ip_address(chosen))


@pytest.mark.parametrize(
    ("peers", "chosen"),
    [
        ([], "fe80::1"),
        (["fe80::2"], "fe80::1"),
        (["2001:db8::2"], "2001:db8::1"),
        (["2001:db8:9::2"], "2001:db8:9::1"),
    ],
)
def test_the_source_is_of_the_kind_of_the_peers(peers: list[str], chosen: str) -> None:
    own = [ip_interface(a) for a in ("2001:db8::1/64", "fe80::1/64", "2001:db8:9::1/64")]
    found = source_address(own, Family.IPV6, [IPv6Address(a) for a in peers])
    assert found == IPv6Address(chosen)


# --- several links ---


@dataclass
class TwoLinks:
    cluster: Cluster
    second_lan: Lan
    nodes: tuple[Node, Node]
    cards: tuple[FakeCard, FakeCard]

    def cut(self, link: int) -> None:
        """Cut one of the two wires; both ends keep their carrier."""
        for node, card in zip(self.nodes, self.cards, strict=True):
            if link == 0:
                node.host.connected = False
            else:
                card.connected = False

    def heal(self, link: int) -> None:
        for node, card in zip(self.nodes, self.cards, strict=True):
            if link == 0:
                node.host.connected = True
            else:
                card.connected = True


def two_links(
    *, unicast: bool, priorities: tuple[int, int] = (200, 100), delay: Nanoseconds = Nanoseconds(0)
) -> TwoLinks:
    cluster = Cluster()
    lan = Lan(cluster.clock)
    nodes: list[Node] = []
    cards: list[FakeCard] = []
    own: tuple[Address, ...] = SECOND_PEERS if unicast else ()
    for number, priority in enumerate(priorities):
        node = cluster.node(
            priority,
            peers=PEERS if unicast else (),
            further_links=(LinkConfig(ETH1, own),),
            start=False,
            preempt_delay=delay,
        )
        cards.append(node.host.attach("eth1", lan, f"{SECOND_PEERS[number]}/24" if unicast else ""))
        nodes.append(node)
        node.supervisor.start()
    return TwoLinks(cluster, lan, (nodes[0], nodes[1]), (cards[0], cards[1]))


def link_states(node: Node) -> list[str]:
    return [link.obstacle or link.lost for link in node.router.links.all]


BOTH_WAYS = pytest.mark.parametrize("unicast", [True, False], ids=["unicast", "multicast"])


@BOTH_WAYS
def test_advertisements_go_over_both_links_and_count_once(unicast: bool) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10.5)
    first, second = two.nodes
    assert (first.state, second.state) == ("MASTER", "BACKUP")
    sent = [at for at, name, _ in two.second_lan.sent if name == "n1 eth1"]
    assert len(sent) == first.count("advertisement_sent")
    heard = [link.received for link in second.router.links.all]
    assert heard == [second.count("advertisement_rcvd")] * 2


@BOTH_WAYS
@pytest.mark.parametrize("link", [0, 1])
def test_one_link_that_is_cut_moves_nothing_and_is_told(unicast: bool, link: int) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10)
    two.cut(link)
    two.cluster.run(20)
    first, second = two.nodes
    assert (first.state, second.state) == ("MASTER", "BACKUP")
    assert two.cluster.holders() == ["n1"]
    [event] = second.events("heartbeat_link_lost")
    assert event.fields["link"] == f"eth{link}"
    assert event.fields["reason"] == f"silent while eth{1 - link} brings advertisements"
    assert link_states(second)[link] == event.fields["reason"]
    two.heal(link)
    two.cluster.run(2)
    assert [e.fields["link"] for e in second.events("heartbeat_link_back")] == [f"eth{link}"]
    assert link_states(second) == ["", ""]
    assert first.transitions() == [t for t in first.transitions() if t[0] < 10]


@BOTH_WAYS
def test_both_links_cut_is_a_dead_peer(unicast: bool) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10)
    two.cut(1)
    two.cluster.run(10)
    two.cut(0)
    two.cluster.run(2)
    assert two.nodes[1].state == "BACKUP"
    two.cluster.run(2)
    assert two.nodes[1].state == "MASTER"


@BOTH_WAYS
def test_a_lost_address_link_is_told_over_the_other(unicast: bool) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10)
    first, second = two.nodes
    first.host.link(up=False)
    two.cluster.run(0.7)
    assert (first.state, first.router.reporter.reason) == ("INIT", "link down")
    assert second.state == "MASTER"  # after Skew_Time, 0.61 s
    assert second.transitions()[-1][2] == "192.0.2.1 released the addresses"


@BOTH_WAYS
def test_a_lost_further_link_is_an_event_and_no_obstacle(unicast: bool) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10)
    first, second = two.nodes
    two.cards[0].link(up=False)
    two.cluster.run(1)
    assert first.state == "MASTER"
    [event] = first.events("heartbeat_link_lost")
    assert event.text == "nothing is heard over eth1: link down"
    two.cards[0].link(up=True)
    two.cluster.run(1)
    assert [e.text for e in first.events("heartbeat_link_back")] == ["eth1 is up again"]
    assert first.count("send_errors") == 0
    assert second.state == "BACKUP"


@BOTH_WAYS
@pytest.mark.parametrize("healed_first", [0, 1])
def test_a_tie_has_the_same_winner_on_both_links(unicast: bool, healed_first: int) -> None:
    # On the second link the addresses are in the other order.
    two = two_links(unicast=unicast, priorities=(100, 100))
    two.cluster.run(10)
    two.cut(0)
    two.cut(1)
    two.cluster.run(10)
    assert two.cluster.masters() == ["n1", "n2"]
    two.heal(healed_first)
    two.cluster.run(10)
    assert two.cluster.masters() == ["n2"]  # 192.0.2.2 is the higher address
    two.heal(1 - healed_first)
    two.cluster.run(10)
    assert two.cluster.masters() == ["n2"]
    assert two.cluster.holders() == ["n2"]


@BOTH_WAYS
def test_a_rival_over_two_links_is_one_rival(unicast: bool) -> None:
    two = two_links(unicast=unicast)
    two.cluster.run(10)
    two.cut(0)
    two.cut(1)
    two.cluster.run(10)
    first, second = two.nodes
    before = first.count("advertisement_sent"), first.count("split_brains")
    two.heal(0)
    two.heal(1)
    two.cluster.run(5)
    assert two.cluster.masters() == ["n1"]
    assert first.count("split_brains") <= before[1] + 1
    assert first.count("reassertions_suppressed") == 0
    assert second.count("own_advertisements") == 0


def test_links_that_are_one_and_the_same_segment_are_noticed_and_confuse_nobody() -> None:
    cluster = Cluster()
    node = cluster.node(200, further_links=(LinkConfig(ETH1),), start=False)
    other = cluster.node(100)
    node.host.attach("eth1", cluster.lan)
    node.supervisor.start()
    cluster.run(10)
    assert cluster.masters() == ["n1"]
    assert other.state == "BACKUP"
    assert node.count("own_advertisements") > 5


def test_a_release_reaches_a_backup_over_any_link() -> None:
    two = two_links(unicast=True)
    two.cluster.run(10)
    two.cut(0)
    two.cluster.run(5)
    two.nodes[0].supervisor.stop(lambda: None)
    two.cluster.run(0.7)
    assert two.nodes[1].state == "MASTER"
    assert two.nodes[1].count("priority_zero_pkts_rcvd") == 2


def test_preempt_delay_counts_from_the_first_advertisement_over_any_link() -> None:
    two = two_links(unicast=True, priorities=(100, 200), delay=Nanoseconds(5 * SECOND))
    two.cluster.run(20)
    assert two.cluster.masters() == ["n2"]
    states = [name for _, name, _ in two.nodes[1].transitions()]
    assert states.count("BACKUP>MASTER") == 1


def test_an_interface_that_is_not_there_yet_is_told_at_once() -> None:
    cluster = Cluster()
    lan = Lan(cluster.clock)
    node = cluster.node(200, further_links=(LinkConfig(ETH1),), start=False)
    card = node.host.attach("eth1", lan)
    card.state = type(card.state)()
    node.supervisor.start()
    cluster.run(10)
    assert node.state == "MASTER"
    assert [e.fields["reason"] for e in node.events("heartbeat_link_lost")] == ["no such interface"]


def test_a_unicast_link_without_an_address_sends_nothing_and_says_why() -> None:
    cluster = Cluster()
    lan = Lan(cluster.clock)
    node = cluster.node(
        200, peers=PEERS, further_links=(LinkConfig(ETH1, SECOND_PEERS),), start=False
    )
    node.host.attach("eth1", lan)
    node.supervisor.start()
    cluster.run(10)
    assert node.state == "MASTER"
    assert lan.sent == []
    assert link_states(node) == ["", "no address to send from"]


def test_a_stranger_on_a_further_link_is_not_believed() -> None:
    two = two_links(unicast=True)
    two.cluster.run(10)
    card = two.cards[0]
    card.sockets[Family.IPV4].receive(advertisement("10.9.9.66", "10.9.9.2", priority=254))
    card.sockets[Family.IPV4].receive(advertisement("10.9.9.66", "10.9.9.2")[:30])
    assert two.nodes[0].state == "MASTER"
    assert two.nodes[0].count("unknown_peers") == 1


def test_many_forged_senders_leave_the_links_working() -> None:
    two = two_links(unicast=False)
    two.cluster.run(10)
    second = two.nodes[1]
    for number in range(200):
        packet = advertisement(f"192.0.2.{number + 20}", "224.0.0.18", priority=150)
        second.host.sockets[Family.IPV4].receive(packet)
    two.cluster.run(10)
    assert two.cluster.masters() == ["n1"]
    assert link_states(second) == ["", ""]
