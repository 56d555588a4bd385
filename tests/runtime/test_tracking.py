"""Whole nodes that track interfaces, and that wait after their start."""

from dataclasses import replace

from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.identity import Place
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.tracking import InterfaceDelay
from tests.support.cluster import Cluster, Node
from tests.support.world import FakeCard, Lan

ETH1 = Place("", "eth1")


def tracking(
    cluster: Cluster,
    priority: int,
    *tracked: TrackedInterfaceConfig,
    delay: InterfaceDelay = InterfaceDelay(),
) -> tuple[Node, FakeCard]:
    node = cluster.node(priority, start=False, track_interfaces=tracked, interface_delay=delay)
    card = FakeCard(node.host, ETH1, Lan(cluster.clock), "")
    node.host.cards[ETH1] = card
    node.supervisor.start()
    return node, card


def test_a_tracked_interface_that_goes_down_moves_the_addresses_at_once() -> None:
    cluster = Cluster()
    high, card = tracking(cluster, 200, TrackedInterfaceConfig("eth1"))
    cluster.node(100)
    cluster.run(10.5)
    assert cluster.holders() == ["n1"]
    card.link(up=False)
    cluster.run(0.01)
    assert (high.state, high.router.reason) == ("INIT", "tracked interface eth1 is down")
    assert high.advertisements()[-1][1] == 0
    cluster.run(0.7)
    assert cluster.holders() == ["n2"]
    card.link(exists=False)
    cluster.run(0.01)
    assert high.router.reason == "tracked interface eth1 does not exist"
    card.link(exists=True, up=True)
    cluster.run(5)
    assert cluster.holders() == ["n1"]
    assert [event.text for event in high.events("tracked_interface")] == [
        "tracked interface eth1 is up",
        "tracked interface eth1 is down",
        "tracked interface eth1 does not exist",
        "tracked interface eth1 is up",
    ]


def test_with_weights_the_sum_counts_and_nobody_leaves() -> None:
    cluster = Cluster()
    high, card = tracking(
        cluster,
        150,
        TrackedInterfaceConfig("eth1", -60),
    )
    cluster.node(100)
    cluster.run(10.5)
    assert (high.router.priority, cluster.holders()) == (150, ["n1"])
    card.link(up=False)
    cluster.run(0.01)
    assert high.advertisements()[-1] == (10.5, 90)
    for _ in range(400):
        cluster.run(0.01)
        assert cluster.holders()
    assert (high.state, cluster.holders()) == ("BACKUP", ["n2"])
    card.link(up=True)
    cluster.run(5)
    assert (high.router.priority, cluster.holders()) == (150, ["n1"])


def test_the_first_advertisement_has_the_right_priority_already() -> None:
    cluster = Cluster()
    node, _card = tracking(cluster, 100, TrackedInterfaceConfig("eth1", 20))
    assert node.router.reason == "starting"
    cluster.run(10)
    assert {priority for _, priority in node.advertisements()} == {120}


def test_status_shows_each_interface_with_its_state_and_effect() -> None:
    cluster = Cluster()
    node, card = tracking(cluster, 100, TrackedInterfaceConfig("eth1", -20))
    snapshots = Snapshots(node.supervisor, cluster.clock)

    def shown() -> object:
        routers = snapshots.take(Nanoseconds(0))["virtual_routers"]
        assert isinstance(routers, list)
        assert isinstance(routers[0], dict)
        return routers[0]["tracked_interfaces"]

    fields = {"name": "eth1", "weight": -20, "reverse": False}
    unseen = {"state": "not seen yet", "counts_as_up": False, "points": 0, "obstacle": "starting"}
    assert shown() == [{**fields, **unseen}]
    cluster.run(1)
    good = {"state": "up", "counts_as_up": True, "points": 0, "obstacle": ""}
    assert shown() == [{**fields, **good}]
    card.link(up=False)
    cluster.run(1)
    bad = {"state": "is down", "counts_as_up": False, "points": -20, "obstacle": ""}
    assert shown() == [{**fields, **bad}]


def test_a_flapping_interface_counts_after_its_delay() -> None:
    cluster = Cluster()
    delay = InterfaceDelay(up=Nanoseconds(3 * SECOND), down=Nanoseconds(SECOND))
    node, card = tracking(cluster, 100, TrackedInterfaceConfig("eth1"), delay=delay)
    cluster.run(10)
    for _ in range(5):
        card.link(up=False)
        cluster.run(0.9)
        card.link(up=True)
        cluster.run(0.1)
    assert node.state == "MASTER"
    card.link(up=False)
    cluster.run(1.01)
    assert node.state == "INIT"
    card.link(up=True)
    cluster.run(2.9)
    assert node.router.reason == "tracked interface eth1 is up, but not long"
    cluster.run(0.2)
    assert node.state == "BACKUP"


def test_the_own_interface_has_the_same_delays() -> None:
    cluster = Cluster()
    delay = InterfaceDelay(up=Nanoseconds(3 * SECOND), down=Nanoseconds(SECOND))
    node = cluster.node(100, interface_delay=delay)
    cluster.run(10)
    node.host.link(up=False)
    cluster.run(0.9)
    assert node.state == "MASTER"
    node.host.link(up=True)
    cluster.run(0.1)
    node.host.link(up=False)
    cluster.run(1.01)
    assert (node.state, node.router.reason) == ("INIT", "link down")
    node.host.link(up=True)
    cluster.run(1)
    assert node.router.reason == "link up, but not for 3 s yet"
    cluster.run(2.1)
    assert node.state == "BACKUP"
    node.host.link(exists=False)
    cluster.run(0.01)
    assert node.router.reason == "no such interface"


def test_without_track_primary_a_link_without_carrier_does_not_matter() -> None:
    cluster = Cluster()
    node = cluster.node(100, track_primary=False)
    cluster.run(10)
    node.host.link(up=False)
    cluster.run(10)
    assert (node.state, cluster.holders()) == ("MASTER", ["n1"])
    node.host.link(exists=False)
    cluster.run(0.1)
    assert (node.state, node.router.reason) == ("INIT", "no such interface")


def test_nothing_is_claimed_before_the_startup_delay_and_master_down_interval_are_over() -> None:
    cluster = Cluster()
    node = cluster.node(100, start=False)
    configuration = replace(
        node.supervisor.configuration,
        startup_delay=Nanoseconds(5 * SECOND),
        delay_after_boot=Nanoseconds(3 * SECOND),
    )
    node.supervisor = Supervisor(configuration, node.host.ports(), node.journal)
    node.supervisor.start()
    cluster.run(4.9)
    assert (node.state, node.router.reason) == ("INIT", "startup delay of 5 s")
    cluster.run(0.2)
    assert node.state == "BACKUP"
    cluster.run(3.4)
    assert node.state == "BACKUP"
    cluster.run(0.2)
    assert node.state == "MASTER"
