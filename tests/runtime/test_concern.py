"""A concern of a test's own hinders, permits and releases a virtual router."""

from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import Cluster, Node
from tests.support.own_concern import OwnConcern


def pair() -> tuple[Cluster, Node, OwnConcern]:
    """Two nodes; the better one heeds a concern of its own."""
    cluster = Cluster()
    high = cluster.node(200, start=False)
    concern = OwnConcern(high.router)
    high.router.heed(concern)
    high.supervisor.start()
    cluster.node(100)
    return cluster, high, concern


def test_it_hears_what_happens_in_order() -> None:
    cluster, high, concern = pair()
    cluster.run(10)
    assert concern.heard == ["start", "released", "claim due", "claimed"]
    high.router.obstacle(concern, "own reason")
    cluster.run(10)
    assert concern.heard[4:6] == ["released", "advertisement"]
    assert set(concern.heard[6:]) == {"advertisement"}


def test_an_obstacle_keeps_the_router_away_and_is_its_reason() -> None:
    cluster, high, concern = pair()
    high.router.obstacle(concern, "own reason")
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert (high.state, high.router.reason) == ("INIT", "own reason")
    high.router.obstacle(concern, "")
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_a_claim_waits_for_it_and_goes_on_when_its_answer_has_changed() -> None:
    cluster, high, concern = pair()
    concern.waits_for = "a word"
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert high.router.waits_for == "a word"
    concern.waits_for = None
    high.router.retry_claim()
    assert high.state == "MASTER"


def test_asking_what_is_waited_for_changes_nothing() -> None:
    cluster, high, concern = pair()
    concern.waits_for = "a word"
    cluster.run(10)
    heard = list(concern.heard)
    assert [high.router.waits_for for _ in range(3)] == ["a word"] * 3
    assert concern.heard == heard


def test_where_its_limit_has_passed_the_master_leaves() -> None:
    cluster, high, concern = pair()
    cluster.run(10)
    concern.until = Nanoseconds(cluster.clock.now() + SECOND // 2)
    cluster.run(0.3)
    assert cluster.holders() == ["n1"]
    cluster.run(5)
    assert cluster.holders() == ["n2"]
    assert (high.state, high.router.reason) == ("INIT", "own limit has passed")


def test_the_router_sends_priority_0_when_the_concern_has_let_go() -> None:
    cluster, high, concern = pair()
    cluster.run(10)
    concern.let_go = False
    high.router.obstacle(concern, "own reason")
    cluster.run(3)
    assert cluster.holders() == []
    assert high.advertisements()[-1][1] == 200  # it keeps the others away
    concern.let_go = True
    high.router.retry_claim()
    assert [priority for _, priority in high.advertisements()[-2:]] == [0, 0]
    cluster.run(1)
    assert cluster.holders() == ["n2"]


def test_another_priority_is_in_force_at_once() -> None:
    cluster, high, concern = pair()
    cluster.run(10)
    high.router.weigh(concern, -150)
    cluster.run(5)
    assert high.router.priority == 50
    assert cluster.holders() == ["n2"]
