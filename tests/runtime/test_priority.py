"""Whole nodes whose priority changes while they run."""

from pyvrrp.fencing.weight import Weight
from pyvrrp.ports import ProbeResult
from pyvrrp.units import SECOND
from tests.support.cluster import Cluster, Node


def operator(node: Node, priority: int | None) -> None:
    node.router.set_priority(priority)


def test_a_master_that_is_lowered_says_so_at_once_and_is_preempted_without_a_gap() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10.5)
    operator(high, 50)
    assert high.advertisements()[-1] == (10.5, 50)
    assert [event.text for event in high.events("priority")] == ["priority 200 -> 50"]
    for _ in range(400):
        cluster.run(0.01)
        assert cluster.holders()
    assert cluster.holders() == ["n2"]
    assert low.transitions()[-1][2] == "preempts 192.0.2.1 of priority 50"
    assert high.router.master_down_interval == 3_804_687_500


def test_a_backup_that_is_raised_preempts_and_its_advertisements_carry_the_new_priority() -> None:
    cluster = Cluster()
    _, low = cluster.node(200), cluster.node(100)
    cluster.run(10.5)
    operator(low, 250)
    cluster.run(4)
    assert cluster.holders() == ["n2"]
    assert low.advertisements()[-1][1] == 250


def test_the_configured_priority_is_back_when_the_operator_takes_his_away() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100)
    cluster.run(10.5)
    operator(high, 50)
    cluster.run(5)
    operator(high, None)
    cluster.run(5)
    assert cluster.holders() == ["n1"]
    assert high.router.priority == 200


def test_without_preemption_a_lowered_master_stays() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100, preempt=False)
    cluster.run(10.5)
    operator(high, 50)
    cluster.run(20)
    assert cluster.holders() == ["n1"]


def test_the_same_priority_once_more_changes_nothing() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10.5)
    sent = len(node.advertisements())
    operator(node, 200)
    assert len(node.advertisements()) == sent
    assert node.events("priority") == []


FAILED = ProbeResult(False, "HTTP 503")


def test_a_failing_check_of_negative_weight_hands_over_without_a_gap() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True, weights=(Weight("web", -120),))
    cluster.node(100)
    cluster.run(10.5)
    assert (cluster.holders(), high.router.priority) == (["n1"], 200)
    high.set_service(FAILED)
    cluster.run(1.503)
    assert high.advertisements()[-1] == (12.003, 80)
    for _ in range(500):
        cluster.run(0.01)
        assert cluster.holders()
    assert cluster.holders() == ["n2"]
    assert high.state == "BACKUP"


def test_a_check_of_positive_weight_adds_while_it_passes() -> None:
    cluster = Cluster()
    cluster.node(150)
    low = cluster.node(100, fenced=True, weights=(Weight("web", 100),))
    assert low.router.priority == 100
    cluster.run(10)
    assert low.router.priority == 200
    assert cluster.holders() == ["n2"]
    low.set_service(FAILED)
    cluster.run(10)
    assert low.router.priority == 100
    assert cluster.holders() == ["n1"]


def test_a_check_with_a_weight_never_fences() -> None:
    cluster = Cluster()
    node = cluster.node(100, fenced=True, weights=(Weight("web", -20),))
    node.set_service(FAILED)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert node.advertisements()[-1][1] == 80


def test_silence_of_a_prober_takes_the_points_away() -> None:
    cluster = Cluster()
    node = cluster.node(100, fenced=True, weights=(Weight("web", -20),))
    cluster.run(10)
    assert node.router.priority == 100
    node.supervisor.checks["web"]._schedule.stop()
    cluster.run(4)
    assert node.router.priority == 80


def test_without_preemption_a_weight_moves_nothing() -> None:
    cluster = Cluster()
    high = cluster.node(200, fenced=True, weights=(Weight("web", -150),), preempt=False)
    cluster.node(100, preempt=False)
    cluster.run(10)
    high.set_service(FAILED)
    cluster.run(20)
    assert high.router.priority == 50
    assert cluster.holders() == ["n1"]


def test_a_backup_that_is_raised_has_heard_the_master_until_then() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10.5)
    before = low.router.last_heard
    operator(low, 250)
    assert before is not None
    # Master_Down_Interval of priority 250 after the last advertisement: 3 s and 6/256 s.
    cluster.run((before.at - cluster.clock.now()) / SECOND + 3.02)
    assert low.state == "BACKUP"
    cluster.run(0.01)
    assert low.state == "MASTER"
