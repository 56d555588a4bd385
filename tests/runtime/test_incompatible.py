"""A neighbour that lives and cannot be accepted: it is named, and nobody claims against it."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.config.model.configuration import ChecksumPolicy
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.identity import Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.encode import encode
from pyvrrp.ports import ProbeResult
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import Cluster, Node

GROUP = IPv4Address("224.0.0.18")
STRANGER = IPv4Address("192.0.2.77")
V2, V3 = Version.V2, Version.V3
SAID = Advertisement(V2, 51, 200, SECOND, (IPv4Address("192.0.2.100"),), 0, bytes(8))


def say(node: Node, said: Advertisement = SAID, *, ttl: int = 255) -> None:
    ends = STRANGER, GROUP
    packet = build_datagram(encode(said, *ends, ChecksumForm.PSEUDO_HEADER), *ends, ttl=ttl)
    node.host.hear(Family.IPV4, packet)


@pytest.mark.parametrize(
    ("theirs", "ours", "differs", "to_set"),
    [
        ({"version": V2}, {}, "version 2, must be 3", "version = 2"),
        ({}, {"version": V2}, "version 3, must be 2", "version = 3"),
        (
            {"version": V2, "authentication": b"secret"},
            {"version": V2},
            "authentication type 1, must be 0",
            "authentication here, or the same on that node",
        ),
        (
            {"version": V2},
            {"version": V2, "authentication": b"secret"},
            "authentication type 0, must be 1",
            "no authentication here, or the same on that node",
        ),
        (
            {"version": V2, "authentication": b"other"},
            {"version": V2, "authentication": b"secret"},
            "the password differs from ours",
            "the same authentication on all nodes",
        ),
        (
            {"checksum": ChecksumPolicy.RFC5798},
            {"checksum": ChecksumPolicy.RFC9568},
            "checksum of the form rfc5798, must be rfc9568",
            'checksum = "auto"',
        ),
        (
            {"version": V2, "advertisement_interval": Nanoseconds(2 * SECOND)},
            {"version": V2, "strict": True},
            "interval 2 s, must be 1 s",
            "the same advertisement_interval on all nodes, or strict = false",
        ),
    ],
)
def test_a_living_master_that_differs_keeps_its_addresses_and_is_named(
    theirs: dict[str, object], ours: dict[str, object], differs: str, to_set: str
) -> None:
    cluster = Cluster()
    cluster.node(100, **theirs)  # type: ignore[arg-type] # a test's shorthand
    cluster.run(10)
    node = cluster.node(200, **ours)  # type: ignore[arg-type] # a test's shorthand
    cluster.run(60)
    assert cluster.holders() == ["n1"]
    assert node.state == "BACKUP"
    assert "nobody was heard" not in "".join(event.text for event in node.journal.events())
    event = node.events("incompatible_neighbour")[0]
    assert event.text == (
        f"192.0.2.1 lives and is incompatible: {differs}; this node does not claim while it "
        f"advertises the addresses; set {to_set}"
    )
    assert "secret" not in event.text
    (shown,) = neighbours(cluster, node)
    assert (shown["sender"], shown["differs"], shown["set"]) == ("192.0.2.1", differs, to_set)
    assert shown["has_our_addresses"] is True
    assert node.count("incompatible_neighbours") >= 29
    assert len(node.events("incompatible_neighbour")) == 1


def neighbours(cluster: Cluster, node: Node) -> list[dict[str, object]]:
    taken = Snapshots(node.supervisor, cluster.clock).take(cluster.clock.now())
    routers = taken["virtual_routers"]
    assert isinstance(routers, list)
    assert isinstance(routers[0], dict)
    found = routers[0]["incompatible_neighbours"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value] # JSON


def test_the_reason_says_what_the_claim_waits_for() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for _ in range(6):
        say(node)
        cluster.run(1)
    taken = Snapshots(node.supervisor, cluster.clock).take(cluster.clock.now())
    routers = taken["virtual_routers"]
    assert isinstance(routers, list)
    assert isinstance(routers[0], dict)
    assert routers[0]["reason"] == (
        "no compatible master is heard; waits for 192.0.2.77 to be silent, which advertises the "
        "addresses and is incompatible: version 2, must be 3; set version = 2"
    )


def test_when_it_is_silent_for_its_own_master_down_interval_the_node_claims() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.run(3)
    say(node, replace(SAID, interval=Nanoseconds(2 * SECOND)))
    # In version 2 Skew_Time is 156/256 s, whatever the interval.
    cluster.run(6.6)
    assert node.state == "BACKUP"
    cluster.run(0.02)
    assert node.state == "MASTER"
    assert node.events("incompatible_neighbour_gone")[0].text == (
        "192.0.2.77 was silent for 6.609 s and counts no longer"
    )
    assert neighbours(cluster, node) == []


def test_an_interval_is_believed_up_to_the_limit() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.run(3)
    say(node, replace(SAID, interval=Nanoseconds(255 * SECOND)))
    cluster.run(30.6)
    assert node.state == "BACKUP"
    cluster.run(0.02)
    assert node.state == "MASTER"


def test_one_that_advertises_without_a_pause_proves_nothing() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for _ in range(5):
        say(node, replace(SAID, interval=Nanoseconds(0)))
        cluster.run(1)
    assert node.state == "MASTER"


def test_when_it_releases_the_addresses_the_node_claims_after_skew_time() -> None:
    cluster = Cluster()
    theirs = cluster.node(200, version=V2)
    cluster.run(10)
    node = cluster.node(100)
    cluster.run(10)
    theirs.supervisor.stop(lambda: None)
    cluster.run(0.7)
    assert node.state == "MASTER"


def test_it_is_told_to_claim_and_says_so() -> None:
    cluster = Cluster()
    node = cluster.node(100, claims_against_incompatible=True)
    for _ in range(5):
        say(node)
        cluster.run(1)
    assert node.state == "MASTER"
    assert "this node claims all the same: claim_against_incompatible = true" in (
        node.events("incompatible_neighbour")[0].text
    )


def test_another_cluster_with_this_vrid_is_a_collision_and_keeps_nobody_from_its_own() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for _ in range(5):
        say(node, replace(SAID, addresses=(IPv4Address("192.0.2.9"),)))
        cluster.run(1)
    assert node.state == "MASTER"
    collision = node.events("vrid_collision")[0]
    assert "192.0.2.77 uses VRID 51 too, for other addresses" in collision.text
    assert "it has other addresses, so this node claims its own" in (
        node.events("incompatible_neighbour")[0].text
    )
    assert node.events("incompatible_master") == []


def test_one_that_names_no_address_counts_as_one_that_has_them() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for _ in range(6):
        say(node, replace(SAID, addresses=()))
        cluster.run(1)
    assert node.state == "BACKUP"


def test_a_packet_that_was_forwarded_proves_nothing() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for _ in range(5):
        say(node, ttl=254)
        cluster.run(1)
    assert node.state == "MASTER"
    assert neighbours(cluster, node) == []


MESSAGE = encode(SAID, STRANGER, GROUP, ChecksumForm.PSEUDO_HEADER)
CARP = bytes.fromhex("213300070001b7fd") + bytes(28)
CISCO = MESSAGE[:4] + b"\xfe" + MESSAGE[5:] + bytes(16)


@pytest.mark.parametrize(
    ("message", "ttl", "named", "lives"),
    [
        (CARP, 255, "CARP uses number 51 here too, and CARP is not VRRP", False),
        (CISCO, 255, "authentication type 254 (MD5 of Cisco), must be 0 or 1", True),
        (
            MESSAGE,
            64,
            (
                "TTL 64, must be 255: a router or NAT has forwarded it, or its sender does not "
                "send VRRP"
            ),
            False,
        ),
    ],
)
def test_what_other_products_and_nat_send_is_named_in_the_log(
    message: bytes, ttl: int, named: str, lives: bool
) -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.run(1)
    node.host.hear(Family.IPV4, build_datagram(message, STRANGER, GROUP, ttl=ttl))
    assert node.events("discarded")[0].text == f"discarded a packet from 192.0.2.77: {named}"
    assert [one["differs"] for one in neighbours(cluster, node)] == ([named] if lives else [])


def test_a_master_stays_master_and_raises_the_alarm_once_a_minute() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.run(10)
    for _ in range(90):
        say(node)
        cluster.run(1)
    assert node.state == "MASTER"
    first, second = node.events("incompatible_master")
    assert first.level == "error"
    assert first.text == (
        "TWO MASTERS: 192.0.2.77 advertises the addresses too, with priority 200, and is "
        "incompatible: version 2, must be 3; both have the addresses until one of them is "
        "changed; set version = 2"
    )
    assert second.at - first.at == 60 * SECOND
    assert node.count("incompatible_masters") == 90


def test_two_nodes_that_cannot_accept_each_other_do_not_take_turns() -> None:
    cluster = Cluster()
    first, second = cluster.node(200, version=V2), cluster.node(100)
    cluster.run(120)
    assert (first.state, second.state) == ("MASTER", "BACKUP")
    assert len(first.transitions()) == 2


def test_a_neighbour_that_is_repaired_is_an_ordinary_one_again() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    say(node)
    cluster.run(1)
    say(node, Advertisement(V3, 51, 50, SECOND, SAID.addresses))
    assert neighbours(cluster, node) == []
    cluster.run(5)
    assert node.state == "MASTER"


def test_forged_senders_fill_a_bounded_list() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    for number in range(100):
        ends = IPv4Address(f"192.0.2.{number + 100}"), GROUP
        packet = build_datagram(encode(SAID, *ends, ChecksumForm.PSEUDO_HEADER), *ends)
        node.host.hear(Family.IPV4, packet)
        cluster.run(0.001)
    assert len(neighbours(cluster, node)) == 8


def test_a_fenced_node_does_not_say_that_nobody_serves() -> None:
    cluster = Cluster()
    cluster.node(200, version=V2)
    fenced = cluster.node(100, fenced=True, last_resort=True)
    fenced.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(60)
    assert fenced.events("nobody_serves") == []
    assert fenced.events("last_resort") == []
    assert cluster.holders() == ["n1"]


def test_ipv6_without_a_link_local_address_elects_as_usual() -> None:
    addresses = ("2001:db8::10/64",)
    cluster = Cluster()
    for number, priority in ((1, 200), (2, 100)):
        cluster.node(priority, primary=f"fe80::{number}/64", addresses=addresses)
    cluster.run(10)
    assert cluster.holders("2001:db8::10/64") == ["n1"]
    high, low = cluster.nodes
    assert (high.state, low.state) == ("MASTER", "BACKUP")
    assert low.count("first_address_errors") == 0
    high.supervisor.stop(lambda: None)
    cluster.run(2)
    assert cluster.holders("2001:db8::10/64") == ["n2"]


def test_a_neighbour_that_advertises_a_global_address_first_is_accepted_with_a_warning() -> None:
    cluster = Cluster()
    cluster.node(200, primary="fe80::1/64", addresses=("2001:db8::10/64",))
    low = cluster.node(100, primary="fe80::2/64", addresses=("fe80::51/64", "2001:db8::10/64"))
    cluster.run(10)
    assert low.state == "BACKUP"
    assert low.count("first_address_errors") > 0
    assert low.events("first_address_mismatch")[0].text == (
        "fe80::1 advertises 2001:db8::10 first, and not a link-local address as RFC 9568 demands; "
        "routers that follow the RFC drop what it sends"
    )


def test_with_strict_it_is_an_incompatible_neighbour() -> None:
    cluster = Cluster()
    cluster.node(200, primary="fe80::1/64", addresses=("2001:db8::10/64",))
    cluster.run(5)
    addresses = ("fe80::51/64", "2001:db8::10/64")
    low = cluster.node(100, primary="fe80::2/64", addresses=addresses, strict=True)
    cluster.run(10)
    assert low.state == "BACKUP"
    assert low.events("incompatible_neighbour")[0].fields["set"] == (
        "strict = false, or a link-local address first on that node"
    )
