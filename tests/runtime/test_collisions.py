"""A second cluster with our VRID, or with our addresses: named once, counted, in status."""

from dataclasses import replace
from ipaddress import ip_interface

from tests.support.cluster import VIP, Cluster, Node

OTHERS = "192.0.2.77/24"


def collisions(node: Node) -> list[tuple[str, int, list[str]]]:
    return [
        (str(one.sender), one.vrid, [str(address) for address in one.addresses])
        for one in node.router.reporter.collisions.known
    ]


def test_another_cluster_of_the_same_vrid_is_named_once_with_its_addresses() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    cluster.node(200, addresses=(OTHERS,))
    cluster.run(30)
    assert collisions(ours) == [("192.0.2.2", 51, ["192.0.2.77"])]
    [event] = ours.events("vrid_collision")
    assert "192.0.2.2 uses VRID 51 too, for other addresses: 192.0.2.77" in event.text
    assert event.fields == {"sender": "192.0.2.2", "other_vrid": 51}
    assert ours.events("address_list_mismatch") == []
    assert ours.count("vrid_collisions") == ours.count("address_list_errors") >= 25


def test_a_peer_that_has_some_of_our_addresses_is_no_collision_but_a_mismatch() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    cluster.node(200, addresses=("192.0.2.100/24", OTHERS))
    cluster.run(10)
    assert collisions(ours) == []
    assert len(ours.events("address_list_mismatch")) == 1


def test_our_address_under_another_vrid_is_named_once() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    cluster.other_vrid(77)
    cluster.run(30)
    assert collisions(ours) == [("192.0.2.2", 77, ["192.0.2.100"])]
    [event] = ours.events("vrid_collision")
    assert "192.0.2.2 advertises 192.0.2.100 with VRID 77, here it belongs to VRID 51" in event.text
    assert ours.count("vrid_collisions") >= 25


def test_a_neighbour_of_another_vrid_and_other_addresses_is_no_matter() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    cluster.other_vrid(77, addresses=(OTHERS,))
    cluster.run(30)
    assert collisions(ours) == []
    assert ours.count("vrid_collisions") == 0
    [segment] = ours.supervisor.interfaces.values()
    assert segment.counters.get("vrid_errors") >= 25


def test_one_that_was_silent_for_a_minute_is_forgotten_and_named_again_when_it_returns() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    stranger = cluster.other_vrid(77)
    cluster.run(10)
    stranger.host.connected = False
    cluster.run(59)
    assert len(collisions(ours)) == 1
    cluster.run(3)
    assert collisions(ours) == []
    stranger.host.connected = True
    cluster.run(5)
    assert len(ours.events("vrid_collision")) == 2


def test_many_strangers_are_counted_and_eight_are_remembered() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    for number in range(12):
        cluster.other_vrid(60 + number)
    cluster.run(10)
    assert len(collisions(ours)) == 8
    assert len(ours.events("vrid_collision")) == 8


def test_one_that_changes_its_addresses_all_the_time_is_named_once_still() -> None:
    cluster = Cluster()
    ours = cluster.node(100)
    for number in range(5):
        stranger = cluster.other_vrid(77, addresses=(VIP, f"192.0.2.{200 + number}/24"))
        stranger.host.state = replace(
            stranger.host.state, addresses=(ip_interface("192.0.2.99/24"),)
        )
    cluster.run(30)
    assert len(collisions(ours)) == 1
    assert len(ours.events("vrid_collision")) == 1
