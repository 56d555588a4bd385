"""Whole nodes that are asked to step aside: nobody is without an answer, nobody is left behind."""

import pytest

from pyvrrp.ports import ProbeResult
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.states import HandingOver, Init
from tests.support.cluster import VIP, Cluster, Node

FAILED = ProbeResult(False, "HTTP 503")


def pair(interval: Nanoseconds = SECOND) -> tuple[Cluster, Node, Node]:
    cluster = Cluster()
    high, low = (cluster.node(p, advertisement_interval=interval) for p in (200, 100))
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    return cluster, high, low


def holders_over_time(cluster: Cluster, seconds: float) -> list[list[str]]:
    """Who held the address in each millisecond, repeats left out."""
    seen = [cluster.holders()]
    for _ in range(round(seconds * 1000)):
        cluster.run(0.001)
        if cluster.holders() != seen[-1]:
            seen.append(cluster.holders())
    return seen


@pytest.mark.parametrize("interval", [1000, 100, 10])
def test_a_stop_leaves_no_instant_without_a_holder(interval: int) -> None:
    cluster, high, low = pair(Nanoseconds(interval * MILLISECOND))
    stopped: list[Nanoseconds] = []
    high.supervisor.stop(lambda: stopped.append(cluster.clock.now()))
    assert holders_over_time(cluster, 1) == [["n1"], ["n1", "n2"], ["n2"]]
    assert stopped
    assert high.advertisements()[-2:] == [(10.0, 0), (10.0, 0)]
    assert [t[1:] for t in high.transitions()[-2:]] == [
        ("MASTER>BACKUP", "stopping: handed over to 192.0.2.2 of priority 100"),
        ("BACKUP>INIT", "stopping"),
    ]
    assert low.transitions()[-1][2] == "192.0.2.1 released the addresses"


def test_both_hold_the_address_for_fifty_milliseconds() -> None:
    cluster, high, low = pair()
    high.router.drain(drained=True)
    cluster.run(0.609375)
    assert low.state == "MASTER"
    cluster.run(0.049)
    assert cluster.holders() == ["n1", "n2"]
    cluster.run(0.003)
    assert cluster.holders() == ["n2"]


def test_the_predecessor_announces_nothing_once_the_successor_has_spoken() -> None:
    cluster, high, _ = pair()
    high.router.drain(drained=True)
    cluster.run(0.61)
    before = len(high.host.announced)
    cluster.run(100)
    assert len(high.host.announced) == before


def test_the_successor_announces_once_more_when_the_predecessor_has_let_go() -> None:
    cluster, high, low = pair()
    high.router.drain(drained=True)
    cluster.run(0.61)
    first = len(low.host.announced)
    cluster.run(0.2)
    assert len(low.host.announced) == first + 1


def test_a_stop_without_a_backup_ends_when_nobody_came() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    stopped: list[Nanoseconds] = []
    node.supervisor.stop(lambda: stopped.append(cluster.clock.now()))
    cluster.run(1.99)
    assert cluster.holders() == ["n1"]
    assert not stopped
    cluster.run(0.05)
    assert cluster.holders() == []
    assert stopped
    (event,) = node.events("handover_failed")
    assert event.text == "stopping: nobody took over within 1.996 s"
    assert node.count("handovers_failed") == 1


def test_the_lease_is_renewed_while_the_successor_is_waited_for() -> None:
    cluster = Cluster()
    node = cluster.node(200, lease=1)
    cluster.run(10)
    node.router.drain(drained=True)
    cluster.run(1.9)
    assert cluster.holders() == ["n1"]


def test_a_long_interval_is_waited_for_longer_than_a_kernel_that_hangs() -> None:
    cluster = Cluster()
    node = cluster.node(200, advertisement_interval=Nanoseconds(10 * SECOND), lease=20)
    cluster.run(100)
    stopped: list[Nanoseconds] = []
    node.supervisor.stop(lambda: stopped.append(cluster.clock.now()))
    cluster.run(19.9)
    assert cluster.holders() == ["n1"]
    cluster.run(0.2)
    assert stopped


def test_a_drained_node_stays_out_until_undrained_and_then_comes_back() -> None:
    cluster, high, _ = pair()
    high.router.drain(drained=True)
    cluster.run(60)
    assert cluster.holders() == ["n2"]
    assert high.router.state == Init("drained")
    high.router.drain(drained=False)
    cluster.run(5)
    assert cluster.holders() == ["n1"]


def test_a_drained_node_does_not_serve_even_if_nobody_else_does() -> None:
    cluster, high, low = pair()
    high.router.drain(drained=True)
    cluster.run(2)
    low.host.connected = False
    cluster.run(30)
    assert high.router.state == Init("drained")
    assert not high.host.holds(VIP)


def test_an_undrain_before_the_successor_came_is_obeyed_afterwards() -> None:
    cluster, high, _ = pair()
    high.router.drain(drained=True)
    cluster.run(0.1)
    high.router.drain(drained=False)
    assert isinstance(high.router.state, HandingOver)
    cluster.run(6)
    assert cluster.holders() == ["n1"]


def test_a_fence_that_closes_while_handing_over_ends_the_answers() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True)
    cluster.run(10.5)
    high.set_service(FAILED)
    cluster.run(1.4)
    high.router.drain(drained=True)
    cluster.run(0.2)
    assert cluster.holders() == []
    assert high.router.state == Init("drained")


def test_the_checks_go_on_while_a_stopping_node_waits_for_its_successor() -> None:
    cluster = Cluster()
    interval = Nanoseconds(10 * SECOND)
    high = cluster.node(200, fenced=True, advertisement_interval=interval, lease=20)
    cluster.run(100)
    high.supervisor.stop(lambda: None)
    cluster.run(15)
    assert cluster.holders() == ["n1"]


@pytest.mark.slow
def test_resigning_moves_the_address_once_and_for_good() -> None:
    cluster, high, low = pair()
    high.router.resign()
    assert holders_over_time(cluster, 8) == [["n1"], ["n1", "n2"], ["n2"]]
    low.router.resign()
    assert holders_over_time(cluster, 8) == [["n2"], ["n1", "n2"], ["n1"]]


@pytest.mark.slow
def test_manual_failback_is_a_resignation_of_the_standby() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, preempt=False), cluster.node(100, preempt=False)
    cluster.run(10)
    high.supervisor.stop(lambda: None)
    cluster.run(1)
    cluster.node(200, preempt=False)  # the machine is back
    cluster.run(20)
    assert cluster.holders() == ["n2"]
    low.router.resign()
    assert holders_over_time(cluster, 12) == [["n2"], ["n2", "n3"], ["n3"]]


def test_a_backup_has_nothing_to_resign() -> None:
    cluster, _, low = pair()
    low.router.resign()
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert low.events("handover") == []


def test_a_router_that_resigned_serves_on_if_there_is_no_other() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.router.resign()
    assert holders_over_time(cluster, 10) == [["n1"]]
    assert node.state == "MASTER"
    assert node.events("handover_failed")[0].text == (
        "resigned: nobody took over within 1.996 s, so it stays master"
    )
    assert node.advertisements()[-1][1] == 200


def test_failback_by_priority_leaves_no_instant_without_a_holder() -> None:
    cluster = Cluster()
    cluster.node(100)
    cluster.run(10)
    cluster.node(200)
    assert holders_over_time(cluster, 5) == [["n1"], ["n1", "n2"], ["n2"]]


def test_a_stalled_node_that_resigned_does_not_return() -> None:
    cluster, high, _ = pair()
    high.router.resign()
    high.host.reading = False
    cluster.clock.stall(20)
    high.host.reading = True
    cluster.run(2)
    assert cluster.holders() == ["n2"]


def test_a_stop_while_it_resigns_is_over_when_its_patience_is() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.router.resign()
    cluster.run(1)
    stopped: list[Nanoseconds] = []
    node.supervisor.stop(lambda: stopped.append(cluster.clock.now()))
    cluster.run(1)

    assert stopped
    assert cluster.holders() == []
    assert node.transitions()[-1][1:] == ("MASTER>INIT", "stopping")


def test_a_successor_whose_kernel_is_slow_is_waited_for_until_it_has_announced() -> None:
    cluster, high, low = pair()
    low.host.kernel_delay = 0.3
    high.router.drain(drained=True)
    assert holders_over_time(cluster, 2) == [["n1"], ["n1", "n2"], ["n2"]]
    assert high.router.state == Init("drained")


def test_a_successor_that_never_announces_is_waited_for_half_a_second() -> None:
    cluster, high, low = pair()
    low.host.announce_error = "no buffer space"
    high.router.drain(drained=True)
    cluster.run(0.609375 + 0.499)
    assert cluster.holders() == ["n1", "n2"]
    cluster.run(0.003)
    assert cluster.holders() == ["n2"]


def test_a_rival_that_has_won_is_not_waited_for() -> None:
    cluster = Cluster()
    cluster.node(100)
    cluster.run(10)
    high = cluster.node(200)
    high.host.announce_error = "no buffer space"
    cluster.run(3.218750)
    assert high.state == "MASTER"
    cluster.run(0.052)
    assert cluster.holders() == ["n2"]
