"""Whole nodes with health checks: when they may stand, when they let go, and in which order."""

from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.ports import ProbeResult
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Init
from tests.support.cluster import Cluster, Node

FAILED = ProbeResult(False, "HTTP 503")
PASSED = ProbeResult(True, "HTTP 200")


def reason(node: Node) -> str:
    assert isinstance(node.router.state, Init)
    return node.router.state.reason


def test_nothing_is_sent_and_nothing_held_before_the_first_opening() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    node.set_service(FAILED)
    cluster.run(30)
    assert node.advertisements() == []
    assert cluster.holders() == []
    assert reason(node) == "fenced by web: HTTP 503"


def test_an_owner_waits_for_its_fence_too() -> None:
    cluster = Cluster()
    node = cluster.node(255, fenced=True)
    cluster.run(0.9)
    assert node.advertisements() == []
    cluster.run(0.2)
    assert node.advertisements() == [(1.003, 255)]


def test_rise_passes_open_the_fence_and_a_full_wait_follows() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    cluster.run(10)
    assert [t[:2] for t in node.transitions()] == [
        (1.003, "INIT>BACKUP"),
        (4.22175, "BACKUP>MASTER"),
    ]


def test_fall_failures_release_the_address_first_and_then_say_so_twice() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10.5)
    assert cluster.holders() == ["n1"]
    high.set_service(FAILED)
    cluster.run(1)
    assert cluster.holders() == ["n1"]
    cluster.run(1)
    assert cluster.holders() == []
    assert high.advertisements()[-2:] == [(12.003, 0), (12.003, 0)]
    assert reason(high) == "fenced by web: HTTP 503"
    cluster.run(0.7)
    assert cluster.holders() == ["n2"]
    assert low.transitions()[-1] == (12.612375, "BACKUP>MASTER", "192.0.2.1 released the addresses")


def test_a_service_that_hangs_is_released_after_two_intervals_and_the_timeout() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10.0005)
    high.set_service(None)
    cluster.run(2.7)
    assert cluster.holders() == ["n1"]
    cluster.run(0.2)
    assert cluster.holders() == []
    assert reason(high) == "fenced by web: timed out"


def test_a_fenced_backup_listens_but_neither_waits_nor_sends() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100, fenced=True)
    low.set_service(FAILED)
    cluster.run(10)
    assert low.router.last_heard is not None
    assert low.router.last_heard.priority == 200
    cluster.nodes[0].host.connected = False
    cluster.run(20)
    assert low.advertisements() == []


def test_silence_of_the_prober_is_failure() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    cluster.run(10)
    runner = node.supervisor.checks["web"]
    runner._schedule.stop()
    cluster.run(4)
    assert reason(node).startswith("fenced by web: no result for ")
    assert cluster.holders() == []


def test_a_prober_that_never_answers_is_failure_and_asked_again_when_it_works_again() -> None:
    cluster = Cluster()
    node, standby = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10.5)
    node.host.probe_delay = 1_000_000
    # The last result came at 10.003; 2.8 s later silence is failure, and then comes the skew.
    cluster.run(2.2)
    assert cluster.holders() == ["n1"]
    cluster.run(0.2)
    assert reason(node).startswith("fenced by web: no result for 2.8 s")
    assert cluster.holders() == []
    cluster.run(0.6)
    assert cluster.holders() == ["n2"]
    begun = len(node.host.probes_started)
    cluster.run(6)
    assert len(node.host.probes_started) - begun == 3
    node.host.probe_delay = 0.003
    cluster.run(12)
    assert cluster.holders() == ["n1"]
    assert standby.state == "BACKUP"


def test_a_prober_that_is_stuck_from_the_start_is_asked_again() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    node.host.probe_delay = 1_000_000
    cluster.run(0.5)
    node.host.probe_delay = 0.003
    cluster.run(10)
    assert cluster.holders() == ["n1"]


def test_the_gate_probes_once_more_before_a_claim_and_claims_on_the_pass() -> None:
    cluster = Cluster()
    high = cluster.node(200)
    slow = CheckPolicy(
        interval=Nanoseconds(10 * SECOND), max_age=SECOND, rise=1, timeout=Nanoseconds(8 * SECOND)
    )
    low = cluster.node(100, fenced=True, policy=slow)
    cluster.run(11)
    assert low.host.probes_started == [0, 10 * SECOND]
    high.host.connected = False
    cluster.run(2.84)
    assert low.host.probes_started[2:] == [13_828_125_000]
    assert low.advertisements()[0] == (13.831125, 100)


def test_a_claim_that_waits_for_the_gate_stays_silent_while_the_service_hangs() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100, fenced=True)
    third = cluster.node(50)
    cluster.run(10)
    low.host.probe_delay = 0.79
    cluster.run(3)
    high.host.connected = False
    low.set_service(None)
    cluster.run(5)
    assert low.advertisements() == []
    assert "n2" not in cluster.holders()
    assert third.state == "MASTER"


def test_after_a_closing_the_fence_stays_closed_for_the_hold_down() -> None:
    cluster = Cluster()
    high, low = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10.5)
    high.set_service(FAILED)
    cluster.run(2)
    high.set_service(PASSED)
    cluster.run(3)
    assert reason(high) == "the checks pass again, hold-down of 5 s"
    assert cluster.holders() == ["n2"]
    cluster.run(1.6)
    assert high.state == "BACKUP"
    cluster.run(5)
    assert cluster.holders() == ["n1"]
    assert low.state == "BACKUP"


def test_the_hold_down_doubles_while_the_service_flaps() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200, fenced=True), cluster.node(100)
    cluster.run(10.5)
    opened = []
    for _ in range(3):
        high.set_service(FAILED)
        cluster.run(4)
        high.set_service(PASSED)
        cluster.run(60)
        opened.append(high.state)
    closings = [e.at / SECOND for e in high.events("fence") if e.fields["open"] is False]
    openings = [e.at / SECOND for e in high.events("fence") if e.fields["open"] is True][1:]
    waits = [round(o - c) for c, o in zip(closings, openings, strict=True)]
    assert waits == [5, 10, 20]


def test_the_hold_down_is_waived_when_nobody_else_serves() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    cluster.run(10.5)
    node.set_service(FAILED)
    cluster.run(2)
    node.set_service(PASSED)
    cluster.run(2)
    assert node.state == "BACKUP"


def test_probes_start_once_an_interval() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    cluster.run(10.5)
    assert len(node.host.probes_started) == 11
