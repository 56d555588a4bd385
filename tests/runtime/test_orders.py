"""Orders of the operator are state: what happens to a node meanwhile does not end them."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from pyvrrp.fencing.weight import Weight
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.router.operator import WHILE_RESIGNED
from pyvrrp.units import SECOND
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.states import HandingOver, Init, Releasing
from tests.support.cluster import Cluster, Node
from tests.support.routers import GroupNode, Site

FAILED, PASSED = ProbeResult(False, "HTTP 503"), ProbeResult(True, "HTTP 200")


def resigned(*, fenced: bool = False, leased: bool = False) -> tuple[Cluster, Node, Node]:
    """Two nodes; the better one has resigned, and the other one serves."""
    cluster = Cluster()
    high = cluster.node(200, fenced=fenced, leased=leased)
    low = cluster.node(100, fenced=fenced, leased=leased)
    cluster.run(15)
    assert cluster.holders() == ["n1"]
    high.router.resign()
    cluster.run(15)
    assert cluster.holders() == ["n2"]
    return cluster, high, low


def flap(cluster: Cluster, node: Node) -> None:
    node.host.link(up=False)
    cluster.run(1)
    assert node.router.reason == "link down"
    node.host.link(up=True)


def fail_and_pass(cluster: Cluster, node: Node) -> None:
    node.set_service(FAILED)
    cluster.run(10)
    assert isinstance(node.router.state, Init)
    node.set_service(PASSED)


def recreate(cluster: Cluster, node: Node) -> None:
    node.host.link(exists=False, up=False)
    cluster.run(1)
    assert node.router.reason == "no such interface"
    node.host.link(exists=True, up=True, index=7)


def restart_of_the_election(cluster: Cluster, node: Node) -> None:
    node.router.drain(drained=True)
    cluster.run(3)
    node.router.drain(drained=False)


def stall(cluster: Cluster, node: Node) -> None:  # noqa: ARG001 - all nodes stall
    cluster.clock.stall(2)


@pytest.mark.parametrize("happens", [flap, fail_and_pass, recreate, restart_of_the_election, stall])
@pytest.mark.parametrize("leased", [False, True])
def test_a_resignation_survives_what_happens_meanwhile(
    happens: Callable[[Cluster, Node], None], leased: bool
) -> None:
    cluster, high, _ = resigned(fenced=True, leased=leased)
    happens(cluster, high)
    cluster.run(60)
    assert cluster.holders() == ["n2"]
    assert high.state == "BACKUP"
    assert high.router.operator.resigned


def test_a_link_that_flaps_in_the_middle_of_the_handover_does_not_end_the_order() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.router.resign()
    cluster.run(0.1)
    assert isinstance(high.router.state, HandingOver)
    flap(cluster, high)
    cluster.run(60)
    assert cluster.holders() == ["n2"]


def test_an_owner_that_resigned_stands_aside_over_a_flap_too() -> None:
    cluster = Cluster()
    owner, _ = cluster.node(255), cluster.node(100)
    cluster.run(10)
    owner.router.resign()
    cluster.run(10)
    flap(cluster, owner)
    cluster.run(30)
    assert cluster.holders() == ["n2"]


def test_it_is_over_when_the_node_has_been_master_again() -> None:
    cluster, high, low = resigned()
    low.host.link(up=False)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert not high.router.operator.resigned
    flap(cluster, high)
    low.host.link(up=True)
    cluster.run(30)
    assert cluster.holders() == ["n1"]


def test_it_is_over_when_nobody_took_over() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.router.resign()
    assert node.router.operator.resigned
    cluster.run(10)
    assert node.state == "MASTER"
    assert not node.router.operator.resigned


def test_to_resign_twice_is_to_resign_once() -> None:
    cluster, high, _ = resigned()
    high.router.resign()
    cluster.run(30)
    assert cluster.holders() == ["n2"]
    high.router.undo_resign()
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_undone_it_preempts_as_it_is_configured_and_nobody_is_without_an_answer() -> None:
    cluster, high, _ = resigned()
    high.router.undo_resign()
    for _ in range(400):
        cluster.run(0.01)
        assert cluster.holders()
    assert cluster.holders() == ["n1"]


def test_undone_in_the_middle_of_the_handover_it_comes_back_afterwards() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.router.resign()
    cluster.run(0.1)
    high.router.undo_resign()
    cluster.run(0.53)
    assert cluster.holders() == ["n1", "n2"]
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert [event.name for event in high.events("handover_failed")] == []


def test_undone_while_the_link_is_down_it_comes_back_when_it_is_up() -> None:
    cluster, high, _ = resigned()
    high.host.link(up=False)
    cluster.run(1)
    high.router.undo_resign()
    high.host.link(up=True)
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_where_nothing_stands_nothing_is_undone() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    seen = len(high.journal.events()), len(low.journal.events())
    high.router.undo_resign()
    low.router.undo_resign()
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert (len(high.journal.events()), len(low.journal.events())) == seen


def test_a_drain_while_the_link_is_down_is_obeyed_when_it_is_up() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.host.link(up=False)
    cluster.run(1)
    high.router.drain(drained=True)
    cluster.run(1)
    high.host.link(up=True)
    cluster.run(10)
    assert high.router.state == Init("drained")
    assert cluster.holders() == ["n2"]


def group_of_two() -> tuple[Site, GroupNode, GroupNode]:
    site = Site()
    first, second = site.router(200), site.router(100)
    site.run(10)
    first.member("lan").resign()
    site.run(10)
    assert site.all_held_by() == [["n2"], ["n2"]]
    return site, first, second


@pytest.mark.parametrize("side", ["lan", "wan"])
def test_a_group_that_resigned_stands_aside_over_a_flap_of_one_member(side: str) -> None:
    site, first, _ = group_of_two()
    first.host(side).link(up=False)
    site.run(2)
    first.host(side).link(up=True)
    site.run(30)
    assert site.all_held_by() == [["n2"], ["n2"]]


def test_a_group_comes_back_as_a_whole_when_one_member_is_told_to() -> None:
    site, first, _ = group_of_two()
    first.member("wan").undo_resign()
    site.run(10)
    assert site.all_held_by() == [["n1"], ["n1"]]


def test_the_reason_says_what_was_ordered_and_the_orders_say_how_to_undo_it() -> None:
    cluster, high, _ = resigned()
    high.router.set_priority(50)
    orders = high.router.operator.orders(high.router.priority_sources.operator)
    assert [(one.name, one.undo) for one in orders] == [
        ("resigned", "pyvrrp resign --undo web"),
        ("priority", "pyvrrp priority web reset"),
    ]
    assert orders[0].effect == WHILE_RESIGNED
    high.router.undo_resign()
    high.router.set_priority(None)
    high.router.drain(drained=True)
    cluster.run(1)
    (drained,) = high.router.operator.orders(None)
    assert (drained.name, drained.undo) == ("drained", "pyvrrp undrain web")


def test_an_order_after_a_stall_does_not_stand_on_a_check_that_has_been_silent() -> None:
    cluster = Cluster()
    node = cluster.node(100, fenced=True, weights=(Weight("web", 50),), checks=("web",))
    cluster.run(10)
    assert node.router.priority == 150
    cluster.clock.stall(30)
    node.supervisor.look_at_clock()
    node.router.set_priority(10)
    assert node.router.priority == 10


def test_an_advertisement_after_a_stall_does_not_meet_a_stale_weight() -> None:
    cluster = Cluster()
    cluster.node(120)
    low = cluster.node(100, fenced=True, weights=(Weight("web", 50),), preempt=False)
    cluster.run(10)
    assert low.router.priority == 150
    cluster.clock.stall(30)
    low.router.take(AdvertisementReceived(IPv4Address("192.0.2.1"), 120, SECOND))
    assert low.router.priority == 100


def test_a_master_whose_check_was_silent_releases_before_it_answers_anything() -> None:
    cluster = Cluster()
    node = cluster.node(100, fenced=True)
    cluster.run(10)
    cluster.clock.stall(3.3)
    sent = len(node.advertisements())
    node.router.take(AdvertisementReceived(IPv4Address("192.0.2.9"), 50, SECOND))
    assert len(node.advertisements()) == sent
    assert isinstance(node.router.state, Releasing)
