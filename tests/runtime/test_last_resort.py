"""Nobody serves: every node is fenced, or one that is fenced hears nobody."""

from pyvrrp.ports import ProbeResult
from pyvrrp.virtual_router.states import Init
from tests.support.cluster import Cluster, Node

FAILED = ProbeResult(False, "HTTP 503")
PASSED = ProbeResult(True, "HTTP 200")


def all_fail(*, last_resort: bool, preempt: bool = True) -> tuple[Cluster, Node, Node]:
    """Two nodes of priority 200 and 100 whose services both die at 10.5 s."""
    cluster = Cluster()
    high, low = (
        cluster.node(priority, fenced=True, last_resort=last_resort, preempt=preempt)
        for priority in (200, 100)
    )
    cluster.run(10.5)
    assert cluster.holders() == ["n1"]
    for node in (high, low):
        node.set_service(FAILED)
    return cluster, high, low


def test_by_default_nobody_serves_a_dead_service_and_each_node_says_so() -> None:
    cluster, high, low = all_fail(last_resort=False)
    cluster.run(60)
    assert cluster.holders() == []
    assert isinstance(high.router.state, Init)
    for node, at in ((high, 18.4405), (low, 19.22175)):
        (event,) = node.events("nobody_serves")
        assert (round(event.at / 1e9, 6), event.level) == (at, "error")
    assert high.events("nobody_serves")[0].text == (
        "nobody was heard for 6.438 s, and this node is fenced by web: HTTP 503"
    )


def test_the_better_node_serves_as_last_resort_with_priority_1_after_five_intervals() -> None:
    cluster, high, low = all_fail(last_resort=True)
    cluster.run(18)
    assert cluster.holders() == []
    cluster.run(2)
    # Released at 12.003: 4 Master_Down_Intervals of priority 200 and one of priority 1.
    assert [t[:2] for t in high.transitions()][-2:] == [
        (24.878, "INIT>BACKUP"),
        (28.874094, "BACKUP>MASTER"),
    ]
    assert cluster.holders() == ["n1"]
    assert high.advertisements()[-1][1] == 1
    assert high.count("last_resorts") == 1
    assert [event.level for event in high.events("last_resort")] == ["error"]
    cluster.run(60)
    assert cluster.holders() == ["n1"]
    assert low.advertisements() == []


def test_a_healthy_node_takes_over_from_the_last_resort_at_once_even_without_preemption() -> None:
    cluster, high, low = all_fail(last_resort=True, preempt=False)
    cluster.run(30)
    assert cluster.holders() == ["n1"]
    low.set_service(PASSED)
    for _ in range(320):
        cluster.run(0.01)
        assert cluster.holders()
    assert cluster.holders() == ["n2"]
    assert low.transitions()[-1] == (
        43.612375,
        "BACKUP>MASTER",
        "preempts 192.0.2.1 of priority 1",
    )
    assert isinstance(high.router.state, Init)
    assert high.router.state.reason == "fenced by web: HTTP 503"
    assert high.router.priority == 200
    over = high.events("last_resort_over")[0]
    assert over.text == "is the last resort no longer: 192.0.2.2 advertises priority 100"


def test_a_last_resort_whose_checks_pass_again_is_a_normal_master_without_an_outage() -> None:
    cluster, high, low = all_fail(last_resort=True)
    cluster.run(30)
    high.set_service(PASSED)
    for _ in range(500):
        cluster.run(0.01)
        assert cluster.holders() == ["n1"]
    assert high.advertisements()[-1][1] == 200
    assert len(high.transitions()) == 5
    low.set_service(PASSED)
    cluster.run(20)
    assert cluster.holders() == ["n1"]


def test_a_last_resort_that_recovers_as_the_worse_node_gives_way_by_the_normal_rules() -> None:
    cluster, high, low = all_fail(last_resort=True)
    high.host.link(up=False)
    cluster.run(40)
    assert cluster.holders() == ["n2"]
    low.set_service(PASSED)
    cluster.run(5)
    assert low.router.priority == 100
    high.set_service(PASSED)
    high.host.link(up=True)
    for _ in range(2000):
        cluster.run(0.01)
        assert cluster.holders()
    assert cluster.holders() == ["n1"]


def test_what_is_hindered_otherwise_is_no_last_resort() -> None:
    cluster, high, low = all_fail(last_resort=True)
    low.set_service(PASSED)
    cluster.run(3)
    high.router.drain(drained=True)
    low.host.link(up=False)
    cluster.run(60)
    assert high.advertisements()[-1][1] == 0
    assert high.events("nobody_serves") == []
    high.router.drain(drained=False)
    cluster.run(20)
    assert cluster.holders() == ["n1"]


def test_a_last_resort_that_is_drained_or_loses_its_link_starts_from_the_beginning() -> None:
    cluster, high, low = all_fail(last_resort=True)
    low.host.link(up=False)
    cluster.run(30)
    assert cluster.holders() == ["n1"]
    high.host.link(up=False)
    cluster.run(1.5)
    assert not high.router.is_last_resort
    high.host.link(up=True)
    cluster.run(10)
    assert cluster.holders() == []
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_a_check_that_has_not_looked_yet_or_is_on_its_way_to_pass_makes_no_last_resort() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True, last_resort=True)
    node.host.probe_delay = 50
    cluster.run(40)
    assert node.advertisements() == []
    assert node.events("nobody_serves") == []


def test_a_fenced_node_that_hears_a_master_is_no_last_resort() -> None:
    cluster, high, low = all_fail(last_resort=True)
    low.set_service(PASSED)
    cluster.run(60)
    assert cluster.holders() == ["n2"]
    assert high.events("last_resort") == []
    low.host.connected = False
    cluster.run(8)
    assert len(high.events("nobody_serves")) == 1
    low.host.connected = True
    cluster.run(2)
    low.host.connected = False
    cluster.run(8)
    assert len(high.events("nobody_serves")) == 2


def test_two_last_resorts_that_meet_after_a_cut_leave_one() -> None:
    cluster, high, _low = all_fail(last_resort=True)
    high.host.connected = False
    cluster.run(40)
    assert sorted(cluster.holders()) == ["n1", "n2"]
    high.host.connected = True
    cluster.run(5)
    assert cluster.holders() == ["n2"]
    assert isinstance(high.router.state, Init)
