"""What a node has told its guardian at each moment, and what a new daemon does meanwhile."""

from ipaddress import ip_interface

import pytest

from pyvrrp.ports import HandoverOrder, ProbeResult
from pyvrrp.units import SECOND, Nanoseconds, to_seconds
from pyvrrp.virtual_router.states import Releasing
from tests.support.cluster import Cluster, Node, priority_of

FAILED = ProbeResult(False, "HTTP 503")


def until(node: Node) -> float | None:
    (found,) = node.host.machine.handed_over_until.values() or (None,)
    return None if found is None else to_seconds(found)


def order(node: Node) -> HandoverOrder:
    (found,) = node.host.machine.handovers.values()
    return found


def pair() -> tuple[Cluster, Node, Node]:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    return cluster, high, low


def test_a_master_may_be_handed_over_for_three_intervals_after_each_advertisement() -> None:
    cluster, high, _ = pair()
    last, _ = high.advertisements()[-1]
    assert until(high) == pytest.approx(last + 3)
    cluster.run(1)
    assert until(high) == pytest.approx(last + 4)


def test_a_backup_tells_its_guardian_nothing() -> None:
    _, _, low = pair()
    assert low.host.machine.handovers == {}
    assert until(low) is None


def test_the_guardian_has_the_last_words_of_each_link_and_the_addresses() -> None:
    _, high, _ = pair()
    given = order(high)
    (said,) = given.says
    assert (str(said.place), str(said.destination)) == ("eth0", "224.0.0.18")
    assert priority_of(said.packet) == 0
    assert [str(address) for address in given.addresses] == ["192.0.2.100/24"]
    assert (given.index, given.mac) == (2, bytes([2, 0, 0, 0, 0, 1]))
    assert given.hears == ((given.place, (), 255),)


def test_the_guardian_is_told_when_the_takeover_is_over() -> None:
    cluster = Cluster()
    alone = cluster.node(200)
    cluster.run(3.218)
    assert alone.state == "BACKUP"
    cluster.run(0.010)
    assert alone.state == "MASTER"
    assert alone.host.machine.handovers == {}
    cluster.run(0.020)
    assert len(alone.host.machine.handovers) == 1


def test_a_fence_that_closes_forbids_the_handover_at_once() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True)
    cluster.run(15)
    assert until(high) is not None
    high.host.service = lambda: FAILED
    high.host.kernel_delay = 0.05
    for _ in range(8000):
        cluster.run(0.001)
        if isinstance(high.router.state, Releasing):
            break
    assert "n1" in cluster.holders()  # the kernel is still removing the addresses
    assert until(high) is None


def test_an_advertisement_that_cannot_be_sent_forbids_it() -> None:
    cluster, high, _ = pair()
    high.host.send_error = "Operation not permitted"
    cluster.run(1.1)
    assert until(high) is None
    high.host.send_error = ""
    cluster.run(1)
    assert until(high) is not None


def test_a_drained_node_may_be_handed_over_until_it_gives_up() -> None:
    cluster, high, low = pair()
    low.host.connected = False
    high.router.drain(drained=True)
    cluster.run(0.1)
    assert until(high) == pytest.approx(10 + 1.996, abs=0.001)
    cluster.run(3)
    assert until(high) is None


def test_a_new_address_to_send_from_makes_new_last_words() -> None:
    cluster, high, _ = pair()
    before = order(high)
    high.host.link(addresses=(ip_interface("192.0.2.77/24"),))
    cluster.run(1.1)
    assert order(high).says != before.says
    assert order(high).says[0].packet[12:16] == bytes([192, 0, 2, 77])


def test_a_daemon_waits_until_the_guardian_of_the_one_before_it_has_finished() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.machine.guardian_removes = True
    node.supervisor.start()
    cluster.run(5)
    assert node.state == "INIT"
    assert node.router.reason == "the guardian of an earlier process hands over"
    assert node.host.requests == []  # neither removed nor added
    node.host.machine.guardian_removes = False
    cluster.run(0.1)
    assert node.state == "BACKUP"
    assert [what for _, what, _, _ in node.host.requests] == ["absent"]


def test_an_interface_that_goes_meanwhile_ends_the_wait() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.machine.guardian_removes = True
    node.supervisor.start()
    cluster.run(1)
    node.host.link(exists=False)
    node.host.machine.guardian_removes = False
    cluster.run(1)
    assert node.host.requests == []
    assert node.router.reason == "no such interface"


def test_a_router_with_a_key_in_etcd_is_not_handed_over() -> None:
    cluster = Cluster()
    node = cluster.node(200, leased=True)
    cluster.run(15)
    assert node.state == "MASTER"
    assert node.host.machine.handovers == {}
    assert until(node) is None


def test_a_router_is_not_handed_over_if_a_concern_limits_how_long_it_may_hold() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    assert node.router.group.lingers_after_death
    node.router.group.limited_by(node.router)
    cluster.run(10)
    assert node.state == "MASTER"
    assert node.host.machine.handovers == {}


def test_the_interval_is_that_of_the_router() -> None:
    cluster = Cluster()
    quick = cluster.node(200, advertisement_interval=Nanoseconds(SECOND // 10))
    cluster.run(3)
    last, _ = quick.advertisements()[-1]
    assert until(quick) == pytest.approx(last + 0.3)
