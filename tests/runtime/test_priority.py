"""Whole nodes whose priority changes while they run."""

from dataclasses import replace

from tests.support.cluster import Cluster, Node


def operator(node: Node, priority: int | None) -> None:
    node.instance.stand(replace(node.instance.standing, operator=priority))


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
    assert high.instance.master_down_interval == 3_804_687_500


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
    assert high.instance.priority == 200


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
