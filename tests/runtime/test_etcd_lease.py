"""Whole nodes with a lease in etcd: no key, no MASTER, and never two holders."""

import json

from pyvrrp.ports import Grant, Look, ProbeResult, Record, Revoke, Write
from pyvrrp.runtime.etcd_lease.lease import EtcdLeaseHolder
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Init
from tests.support.cluster import KEY, Cluster, Node

LET_GO = 6.4  # 10 s, less 1 %, an address lease of 2 s and 1.5 s of lateness


def holder(cluster: Cluster) -> str | None:
    record = cluster.lan.etcd.keys.get(KEY)
    return None if record is None else str(json.loads(record.value)["node"])


def why(node: Node) -> str:
    assert isinstance(node.router.state, Init)
    return node.router.state.reason


def writes(node: Node) -> list[float]:
    return [
        round(at / SECOND, 3) for at, request in node.host.etcd.asked if isinstance(request, Write)
    ]


def pair(*, fenced: bool = False) -> tuple[Cluster, Node, Node]:
    cluster = Cluster()
    high, low = (cluster.node(p, leased=True, fenced=fenced) for p in (200, 100))
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    return cluster, high, low


def test_the_key_is_taken_when_a_claim_is_due_and_names_the_node() -> None:
    cluster = Cluster()
    node = cluster.node(200, leased=True)
    cluster.run(3.2)
    assert cluster.lan.etcd.keys == {}
    cluster.run(0.1)
    assert node.transitions()[-1][:2] == (3.23075, "BACKUP>MASTER")
    fields = json.loads(cluster.lan.etcd.keys[KEY].value)
    assert (fields["node"], fields["priority"]) == ("n1", 200)


def test_without_a_lease_etcd_is_never_asked() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    assert node.host.etcd.asked == []


def test_a_claim_waits_while_somebody_else_has_the_key_and_says_who() -> None:
    cluster, _, low = pair()
    low.host.connected = False
    cluster.run(20)
    assert cluster.holders() == ["n1"]
    assert low.state == "BACKUP"
    assert low.router.waits_for == f"the key {KEY}: held by n1"
    assert low.advertisements() == []


def test_the_key_is_renewed_every_interval_with_a_lease_of_its_own() -> None:
    cluster, high, _ = pair()
    cluster.run(4.4)
    assert writes(high) == [3.227, 5.227, 7.227, 9.227, 11.227, 13.227]
    assert not any(isinstance(request, Revoke) for _, request in high.host.etcd.asked)
    assert len({r.lease for _, r in high.host.etcd.asked if isinstance(r, Write)}) == 6


def test_a_holder_that_cannot_renew_lets_go_before_the_key_can_expire() -> None:
    cluster, high, _ = pair()
    high.host.etcd.reachable = False
    cluster.run(9.223 + LET_GO - 10 - 0.01)
    assert cluster.holders() == ["n1"]
    cluster.run(0.02)
    assert cluster.holders() == []
    assert why(high).startswith("lease lost: not renewed for 6.4 s: http://192.0.2.50:2379: no ")
    assert holder(cluster) == "n1"


def test_the_standby_takes_over_as_soon_as_the_key_has_expired() -> None:
    cluster, high, low = pair()
    high.host.etcd.reachable = False
    cluster.run(9.225 + 10 - 10 - 0.01)
    assert cluster.holders() == []
    cluster.run(0.6)
    assert cluster.holders() == ["n2"]
    assert low.state == "MASTER"


def test_nobody_becomes_master_while_etcd_is_away_and_somebody_does_when_it_is_back() -> None:
    cluster, high, low = pair()
    for node in (high, low):
        node.host.etcd.reachable = False
    cluster.run(30)
    assert cluster.holders() == []
    assert high.router.counters.get("lease_errors") > 10
    for node in (high, low):
        node.host.etcd.reachable = True
    cluster.run(6)
    assert len(cluster.holders()) == 1


def test_an_address_lease_is_not_renewed_beyond_the_proof() -> None:
    cluster, high, _ = pair()
    high.host.etcd.reachable = False
    cluster.run(30)
    lifetimes = [
        at / SECOND + lease for at, what, _, lease in high.host.requests if what != "absent"
    ]
    assert max(lifetimes) < 9.223 + 10 - 1.5


def test_a_stop_removes_the_addresses_then_the_key_and_says_so_last() -> None:
    cluster, high, _ = pair()
    high.supervisor.stop(lambda: None)
    cluster.run(0.001)
    assert cluster.holders() == []
    assert high.advertisements()[-1][1] == 200
    cluster.run(0.01)
    revoked = [at for at, request in high.host.etcd.asked if isinstance(request, Revoke)]
    absent = [at for at, what, _, _ in high.host.requests if what == "absent"]
    released = [at for at, priority in high.advertisements() if priority == 0]
    assert absent[-1] <= revoked[0]
    assert released[0] == round(revoked[0] / SECOND + 0.004, 6)
    assert holder(cluster) is None
    cluster.run(0.7)
    assert cluster.holders() == ["n2"]


def test_a_release_does_not_wait_for_an_etcd_that_does_not_answer_any_more() -> None:
    cluster, high, low = pair()
    high.host.etcd.reachable = False
    cluster.run(2.5)
    high.supervisor.stop(lambda: None)
    cluster.run(0.01)
    assert high.advertisements()[-1][1] == 0
    cluster.run(5)
    assert low.state == "BACKUP"
    assert low.router.waits_for == f"the key {KEY}: held by n1"
    cluster.run(5)
    assert cluster.holders() == ["n2"]


def test_a_release_waits_for_a_slow_revocation_no_longer_than_one_timeout() -> None:
    cluster, high, _ = pair()
    high.host.etcd.reachable = False
    high.supervisor.stop(lambda: None)
    cluster.run(0.99)
    assert high.advertisements()[-1][1] == 200
    cluster.run(0.02)
    assert high.advertisements()[-1][1] == 0


def test_a_better_node_asks_for_the_key_and_gets_it_back() -> None:
    cluster, high, low = pair()
    high.host.connected = False
    high.host.etcd.reachable = False
    cluster.run(20)
    assert cluster.holders() == ["n2"]
    high.host.connected = high.host.etcd.reachable = True
    cluster.run(8)
    assert cluster.holders() == ["n1"]
    gave_way = [t for t in low.transitions() if "gives way" in t[2]]
    assert [t[2] for t in gave_way] == ["gives way to n1 of priority 200, which may have the key"]
    assert low.state == "BACKUP"
    assert [name for name in cluster.lan.etcd.keys if "wish" in name] == []


def test_a_wish_outlives_the_release_that_it_has_brought_about() -> None:
    cluster = Cluster()
    two = Nanoseconds(2 * SECOND)
    high = cluster.node(100, leased=True, advertisement_interval=two)
    cluster.node(80, leased=True)
    cluster.node(50, leased=True)
    high.host.connected = high.host.etcd.reachable = False
    cluster.run(20)
    assert cluster.holders() == ["n2"]
    high.host.connected = high.host.etcd.reachable = True
    # Skew_Time of the lowest is shorter than that of the highest, which waits by its own interval.
    cluster.run(15)
    assert cluster.holders() == ["n1"]
    changes = [t for node in cluster.nodes[1:] for t in node.transitions() if t[0] > 20]
    assert len(changes) <= 4


def test_a_wish_of_a_node_that_is_fenced_meanwhile_goes() -> None:
    cluster, high, low = pair(fenced=True)
    high.host.connected = high.host.etcd.reachable = False
    cluster.run(20)
    watch = low.concern("etcd lease")
    assert isinstance(watch, EtcdLeaseHolder)
    watch._gives_way = True  # it ignores preemption requests
    high.host.etcd.reachable = True
    cluster.run(4)
    assert [key for key in cluster.lan.etcd.keys if "wish" in key] == [f"{KEY}/wish/n1"]
    high.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(5)
    assert [key for key in cluster.lan.etcd.keys if "wish" in key] == []


def test_a_node_that_may_not_preempt_leaves_no_wish() -> None:
    cluster = Cluster()
    low = cluster.node(100, leased=True)
    cluster.run(5)
    high = cluster.node(200, leased=True, preempt=False)
    cluster.run(20)
    assert cluster.holders() == ["n1"]
    low.host.connected = False
    cluster.run(20)
    assert cluster.holders() == ["n1"]
    assert high.state == "BACKUP"
    assert list(cluster.lan.etcd.keys) == [KEY]


def test_a_node_that_waits_leaves_the_key_to_one_with_a_better_wish() -> None:
    cluster = Cluster()
    low = cluster.node(100, leased=True)
    wish = Record(f"{KEY}/wish/n9", b'{"node": "n9", "priority": 150}', 1, 0)
    cluster.lan.etcd.keys[wish.key] = wish
    cluster.run(10)
    assert cluster.holders() == []
    assert low.router.waits_for == f"the key {KEY}: kept free for n9 of priority 150"


def test_wishes_that_make_no_sense_are_none() -> None:
    cluster = Cluster()
    cluster.node(100, leased=True)
    for number, value in enumerate(
        (b"", b"[]", b"\xff", b'{"node": "x"}', b'{"node": "x", "priority": 255}', b"[" * 9999)
    ):
        key = f"{KEY}/wish/{number}"
        cluster.lan.etcd.keys[key] = Record(key, value, 1, 0)
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_a_key_that_somebody_deletes_is_lost_at_the_next_renewal() -> None:
    cluster, high, _ = pair()
    cluster.lan.etcd.delete(KEY)
    cluster.run(1.3)
    assert ("MASTER>INIT", f"lease lost: the key {KEY} is gone") in [
        t[1:] for t in high.transitions()
    ]
    cluster.run(10)
    assert len(cluster.holders()) == 1


def test_a_key_of_somebody_else_is_never_touched() -> None:
    cluster = Cluster()
    node = cluster.node(100, leased=True)
    cluster.lan.etcd.keys[KEY] = Record(KEY, b"maintenance", 1, 0)
    cluster.run(30)
    assert cluster.holders() == []
    assert node.router.waits_for == f"the key {KEY}: held by something that is no pyvrrp"
    assert not any(isinstance(r, Grant | Write) for _, r in node.host.etcd.asked)


def test_another_life_of_the_same_node_waits_for_its_predecessors_key() -> None:
    cluster = Cluster()
    node = cluster.node(100, leased=True)
    cluster.lan.etcd.keys[KEY] = Record(KEY, b'{"node": "n1", "priority": 100, "life": "0"}', 1, 0)
    cluster.run(30)
    assert node.state == "BACKUP"


def test_a_renewal_whose_answer_was_lost_is_found_out_at_the_next_one() -> None:
    cluster, high, _ = pair()
    high.host.etcd.answers = False
    cluster.run(2.5)
    high.host.etcd.answers = True
    cluster.run(20)
    assert cluster.holders() == ["n1"]
    assert high.count("leases_lost") == 0


def test_a_key_whose_taking_was_never_confirmed_is_taken_all_the_same() -> None:
    cluster = Cluster()
    node = cluster.node(200, leased=True)
    cluster.run(3.1)
    etcd = node.host.etcd
    while not isinstance(etcd.asked[-1][1], Write):
        cluster.run(0.001)
    etcd.answers = False
    cluster.run(1.5)
    assert (holder(cluster), cluster.holders()) == ("n1", [])
    etcd.answers = True
    cluster.run(2)
    assert cluster.holders() == ["n1"]


def test_an_etcd_that_is_full_of_errors_changes_nothing_and_is_told_of() -> None:
    cluster = Cluster()
    node = cluster.node(200, leased=True)
    node.host.etcd.says = "http://192.0.2.50:2379: HTTP 500"
    cluster.run(30)
    assert node.state == "BACKUP"
    assert node.router.waits_for == f"the key {KEY}: http://192.0.2.50:2379: HTTP 500"
    assert len(node.events("lease_unanswered")) == 1
    node.host.etcd.says = ""
    cluster.run(1)
    assert cluster.holders() == ["n1"]


def test_a_waiting_claim_asks_twice_a_second_at_most() -> None:
    cluster, _, low = pair()
    low.host.connected = False
    cluster.run(10)
    before = len(low.host.etcd.asked)
    cluster.run(10)
    assert len(low.host.etcd.asked) - before <= 20
    assert all(isinstance(request, Look) for _, request in low.host.etcd.asked[before:])


def test_a_claim_that_is_over_gives_the_key_back() -> None:
    cluster = Cluster()
    node = cluster.node(100, leased=True)
    cluster.run(3.5)
    etcd = node.host.etcd
    while not any(isinstance(request, Write) for _, request in etcd.asked):
        cluster.run(0.001)
    cluster.node(200)
    cluster.run(4)
    assert node.state == "BACKUP"
    assert holder(cluster) is None


def test_a_fence_that_closes_gives_the_key_to_the_healthy_node() -> None:
    cluster, high, _ = pair(fenced=True)
    high.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(4)
    assert (cluster.holders(), holder(cluster)) == (["n2"], "n2")


def test_two_halves_of_a_cut_network_have_one_holder() -> None:
    cluster, high, low = pair()
    third = cluster.node(150, leased=True)
    for cut in (high, low, third, high, low):
        for node in cluster.nodes:
            node.host.connected = node is not cut
            node.host.etcd.reachable = node is not cut
        for _ in range(600):
            cluster.run(0.05)
            assert len(cluster.holders()) <= 1
        assert len(cluster.holders()) == 1
        assert cluster.holders() != [cut.host.name]
