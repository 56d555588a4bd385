from dataclasses import replace
from itertools import pairwise

import pytest

from pyvrrp.config.model.resources import AgentClass, release_time
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.ports import ProbeResult
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Init, Releasing
from tests.support.cluster import LEASE, VIP, Cluster, Node
from tests.support.machine import FakeMachine, resource

DISK, DB = resource("disk"), resource("db")
FIRST_CLAIM = 3.609375  # Master_Down_Interval at priority 100


def machine(node: Node) -> FakeMachine:
    return node.host.machine


def alone(cluster: Cluster, *resources: object, **changes: object) -> Node:
    chosen = resources or (DISK, DB)
    return cluster.node(100, resources=chosen, **changes)  # type: ignore[arg-type] # a shorthand


def announcements(node: Node) -> list[bytes]:
    """Return the gratuitous ARP frames; a probe says no address of its own."""
    return [frame for _, frame in node.host.announced if frame[28:32] != bytes(4)]


def reasons(node: Node) -> str:
    return node.router.state.reason if isinstance(node.router.state, Init) else ""


def test_a_master_advertises_at_once_and_has_the_address_when_all_is_started_in_order() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(3.8)
    assert node.state == "MASTER"
    assert node.advertisements() == [(3.709375, 100)]
    assert not node.host.holds(VIP)
    cluster.run(1.5)
    starts = [call for call in machine(node).calls if call[1].endswith("start")]
    assert starts == [(3.709375, "disk start"), (4.259375, "db start")]
    present = [at / SECOND for at, what, _, _ in node.host.requests if what == "present"]
    assert present[0] == pytest.approx(4.809375)  # half a second each, and a look at each
    assert node.host.holds(VIP)


def test_the_address_is_announced_when_it_is_there_and_not_before() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(4.7)
    assert announcements(node) == []
    cluster.run(0.5)
    assert announcements(node)


def test_stopping_removes_the_address_then_stops_in_reverse_then_sends_priority_0() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(10)
    began = cluster.clock.now()
    stopped: list[float] = []
    node.supervisor.stop(lambda: stopped.append((cluster.clock.now() - began) / SECOND))
    cluster.run(3)
    assert machine(node).done()[-2:] == ["db stop", "disk stop"]
    assert [at - 10 for at, what in machine(node).calls if what.endswith("stop")] == [0, 0.5]
    absent = [at - began for at, what, _, _ in node.host.requests if what == "absent"][-1]
    assert absent == 0
    released = [at - 10 for at, priority in node.advertisements() if priority == 0]
    assert released == [1.0, 1.0]
    assert stopped == [pytest.approx(1.0, abs=0.01)]
    assert machine(node).running == []


def test_it_goes_on_advertising_while_it_stops() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(10)
    machine(node).behave("db", "stop", after=8)
    node.supervisor.stop(lambda: None)
    cluster.run(8.4)
    sent = [(at, priority) for at, priority in node.advertisements() if at > 10]
    assert [priority for _, priority in sent] == [100] * 8
    cluster.run(1)
    assert node.advertisements()[-1] == (18.5, 0)


def test_the_next_master_starts_when_the_last_one_has_stopped() -> None:
    cluster = Cluster()
    first = cluster.node(200, resources=(DB,))
    second = cluster.node(100, resources=(DB,))
    cluster.run(10)
    assert machine(first).running == ["db"]
    machine(first).behave("db", "stop", after=9)
    first.supervisor.stop(lambda: None)
    cluster.run(8.9)
    assert machine(second).running == []
    cluster.run(2)
    assert machine(first).running == []
    assert machine(second).running == ["db"]
    assert cluster.holders() == ["n2"]


def test_commands_know_the_virtual_router_the_reason_the_peer_and_the_number_of_the_decision() -> (
    None
):
    cluster = Cluster()
    first = cluster.node(200, resources=(DB,))
    second = cluster.node(100, resources=(DB,))
    cluster.run(10)
    first.supervisor.stop(lambda: None)
    cluster.run(5)
    stop, start = machine(first).environments["db stop"], machine(second).environments["db start"]
    assert stop["PYVRRP_REASON"] == "stopping"
    assert stop["PYVRRP_SEQUENCE"] == "2"
    assert start["PYVRRP_VIRTUAL_ROUTER"] == "web"
    assert start["PYVRRP_ACTION"] == "start"
    assert start["PYVRRP_PEER"] == "192.0.2.1"
    assert start["PYVRRP_REASON"] == "192.0.2.1 released the addresses"
    assert start["PYVRRP_ADDRESSES"] == VIP
    assert start["PYVRRP_SEQUENCE"] == "1"


def test_a_start_that_fails_releases_what_was_started_and_the_next_node_takes_over() -> None:
    cluster = Cluster()
    first = cluster.node(200, resources=(DISK, DB))
    cluster.node(100, resources=(DISK, DB))
    machine(first).behave("db", "start", status=1, says="no such data directory\n")
    cluster.run(6)
    assert machine(first).done() == ["disk start", "db start", "db stop", "disk stop"]
    assert reasons(first) == (
        "db does not start: exit status 1: no such data directory; stays away for 5 s"
    )
    assert machine(first).running == []
    (event,) = first.events("resource_start_failed")
    assert event.fields["output"] == "no such data directory"
    cluster.run(3)
    assert cluster.holders() == ["n2"]
    assert first.count("resource_start_failures") == 1


def test_a_start_that_hangs_is_ended_at_its_timeout_and_counts_as_failed() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("db", start_timeout=Nanoseconds(4 * SECOND)))
    machine(node).behave("db", "start", after=None)
    cluster.run(7.6)
    assert node.state == "MASTER"
    cluster.run(1)
    assert machine(node).done() == ["db start", "db stop"]
    assert reasons(node).startswith("db does not start: killed")


def test_the_address_waits_until_the_monitor_says_that_it_runs() -> None:
    cluster = Cluster()
    node = alone(cluster, DB)
    machine(node).behave("db", "monitor", status=7, after=0.05)
    cluster.run(10)
    assert not node.host.holds(VIP)
    machine(node).behave("db", "monitor", status=0, after=0.05)
    cluster.run(0.4)
    assert node.host.holds(VIP)


def test_two_nodes_whose_starts_both_fail_try_less_and_less_often() -> None:
    cluster = Cluster()
    nodes = [cluster.node(priority, resources=(DB,)) for priority in (200, 100)]
    for node in nodes:
        machine(node).behave("db", "start", status=1)
    cluster.run(120)
    for node in nodes:
        tries = [at for at, what in machine(node).calls if what == "db start"]
        assert 3 <= len(tries) <= 6
        gaps = [later - earlier for earlier, later in pairwise(tries)]
        assert all(gap >= 5 * 2**number for number, gap in enumerate(gaps))
        assert gaps == sorted(gaps)
    assert cluster.holders() == []


def test_what_cannot_get_better_by_itself_keeps_the_node_away_until_a_restart() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("db", agent_class=AgentClass.OCF))
    machine(node).behave("db", "start", status=5, says="mysqld: not installed")
    cluster.run(400)
    assert machine(node).done() == ["db start", "db stop"]
    assert reasons(node) == (
        "db does not start: exit status 5: mysqld: not installed; "
        "stays away until pyvrrp is restarted"
    )


def test_a_stop_that_fails_keeps_the_claim_and_is_tried_again() -> None:
    cluster = Cluster()
    first = cluster.node(200, resources=(DB,))
    second = cluster.node(100, resources=(DB,))
    cluster.run(10)
    machine(first).behave("db", "stop", status=1, says="busy")
    first.supervisor.stop(lambda: None)
    cluster.run(40)
    assert isinstance(first.router.state, Releasing)
    assert first.advertisements()[-1][1] == 200
    assert second.state == "BACKUP"
    assert first.count("resource_stop_failures") >= 4
    chain = first.router.addresses.chain
    assert chain is not None
    assert chain.doing == "db does not stop: exit status 1: busy; it still runs"
    machine(first).behave("db", "stop", status=0)
    cluster.run(31)
    assert first.advertisements()[-1][1] == 0
    assert cluster.holders() == ["n2"]


def test_a_stop_that_fails_is_good_if_the_monitor_says_that_it_is_stopped() -> None:
    cluster = Cluster()
    node = alone(cluster, DB)
    cluster.run(10)
    machine(node).behave("db", "stop", status=1)
    machine(node).running.clear()
    node.supervisor.stop(lambda: None)
    cluster.run(2)
    assert node.advertisements()[-1][1] == 0


def test_a_stop_that_hangs_calls_the_power_switch_and_still_holds_on() -> None:
    cluster = Cluster()
    db = resource("db", stop_timeout=Nanoseconds(2 * SECOND))
    node = alone(cluster, db, on_stop_failure=("/r/switch", "off"))
    cluster.run(10)
    machine(node).behave("db", "stop", after=None)
    node.supervisor.stop(lambda: None)
    cluster.run(2.3)
    assert machine(node).done()[-2:] == ["db stop", "switch off"]
    assert machine(node).environments["switch off"]["PYVRRP_RESOURCE"] == "db"
    assert isinstance(node.router.state, Releasing)
    cluster.run(3)
    assert machine(node).done()[-1] == "db stop"


def test_a_resource_that_fails_is_restarted_here_with_what_stands_on_it() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("disk"), DB, resource("web"))
    cluster.run(10)
    assert machine(node).done() == ["disk start", "db start", "web start"]
    machine(node).running.remove("db")
    cluster.run(15)
    assert machine(node).done()[3:] == ["web stop", "db stop", "db start", "web start"]
    assert node.state == "MASTER"
    assert node.transitions()[-1][1] == "BACKUP>MASTER"
    assert node.host.holds(VIP)
    assert node.count("resource_restarts") == 1


def test_the_address_is_away_while_something_below_it_is_restarted() -> None:
    cluster = Cluster()
    node = alone(cluster, DB)
    cluster.run(10)
    machine(node).behave("db", "stop", after=3)
    machine(node).running.remove("db")
    cluster.run(5)
    assert not node.host.holds(VIP)
    sent = len(announcements(node))
    cluster.run(1)
    assert len(announcements(node)) == sent
    cluster.run(4)
    assert node.host.holds(VIP)
    assert len(announcements(node)) > sent


def test_a_monitor_that_keeps_failing_makes_the_node_give_up_after_max_restarts() -> None:
    cluster = Cluster()
    db = resource("db", max_restarts=2, monitor_interval=SECOND)
    first = cluster.node(200, resources=(db,))
    second = cluster.node(100, resources=(db,))
    cluster.run(5)
    for _ in range(3):
        assert cluster.holders() == ["n1"]
        machine(first).running.clear()
        cluster.run(2.6)
    cluster.run(2)
    assert first.count("resource_restarts") == 2
    assert "db failed after 2 restarts: exit status 7" in reasons(first)
    assert cluster.holders() == ["n2"]
    assert machine(second).running == ["db"]


def test_a_monitor_that_hangs_counts_as_failed_at_its_timeout() -> None:
    cluster = Cluster()
    db = resource("db", max_restarts=0, monitor_timeout=Nanoseconds(2 * SECOND))
    node = alone(cluster, db)
    cluster.run(10)
    machine(node).behave("db", "monitor", after=None)
    cluster.run(10)
    assert node.count("resource_monitor_failures") == 1
    assert reasons(node).startswith("db failed: killed")


def test_restarts_that_lie_back_longer_than_the_window_are_forgotten() -> None:
    cluster = Cluster()
    db = resource("db", max_restarts=1, restart_window=Nanoseconds(30 * SECOND))
    node = alone(cluster, db)
    for _ in range(3):
        cluster.run(45)
        machine(node).running.clear()
    cluster.run(45)
    assert node.count("resource_restarts") == 3
    assert node.host.holds(VIP)


def test_a_node_that_yields_stops_before_it_may_start_again() -> None:
    cluster = Cluster()
    low = cluster.node(100, resources=(DB,))
    cluster.run(10)
    machine(low).behave("db", "stop", after=20)
    high = cluster.node(200, resources=(DB,))
    cluster.run(5)
    assert low.state == "BACKUP"
    assert low.router.addresses.chain is not None
    assert low.router.addresses.chain.doing == "stopping db"
    high.host.connected = False
    cluster.run(10)
    assert low.state == "BACKUP"  # the claim is due, and waits
    assert low.router.waits_for == "its resources to have stopped"
    assert machine(low).done() == ["db start", "db stop"]
    cluster.run(10)
    assert low.state == "MASTER"
    assert machine(low).done() == ["db start", "db stop", "db start"]
    assert machine(low).most_under_way == 1


def test_a_start_that_is_not_wanted_any_more_ends_before_the_stop_begins() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("db", stop_timeout=Nanoseconds(3 * SECOND)))
    machine(node).behave("db", "start", after=2)
    cluster.run(4)
    assert machine(node).calls[-1] == (3.659375, "db start")
    node.supervisor.stop(lambda: None)
    cluster.run(5)
    calls = [call for call in machine(node).calls if "monitor" not in call[1]]
    assert calls[-1] == (5.709375, "db stop")
    assert node.count("resource_start_failures") == 0
    assert machine(node).most_under_way == 1
    assert not announcements(node)


def test_a_start_that_hangs_and_is_not_wanted_is_given_the_time_of_a_stop_only() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("db", stop_timeout=Nanoseconds(3 * SECOND)))
    machine(node).behave("db", "start", after=None)
    cluster.run(4)
    node.supervisor.stop(lambda: None)
    cluster.run(3.2)
    assert machine(node).done() == ["db start", "db stop"]


def test_what_an_earlier_life_left_running_is_stopped_before_the_node_takes_part() -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(DISK, DB), start=False)
    machine(node).running = ["disk", "db"]
    machine(node).behave("db", "stop", after=5)
    node.supervisor.start()
    cluster.run(3)
    assert reasons(node) == "removing what an earlier process left behind"
    cluster.run(3)
    assert machine(node).calls[:4] == [
        *((0, "db monitor"), (0.05, "db stop")),
        *((5.05, "disk monitor"), (5.1, "disk stop")),
    ]
    assert node.state == "BACKUP"


def test_what_is_stopped_at_the_start_is_not_stopped_again() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(1)
    assert machine(node).calls == [(0, "db monitor"), (0.05, "disk monitor")]
    assert node.state == "BACKUP"


def test_without_a_monitor_everything_is_stopped_at_the_start() -> None:
    cluster = Cluster()
    node = alone(cluster, resource("db", monitor=()))
    cluster.run(3)
    assert machine(node).done() == ["db stop"]


def test_an_earlier_life_is_stopped_even_where_the_interface_is_missing() -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(DB,), start=False)
    machine(node).running = ["db"]
    node.host.link(exists=False)
    node.supervisor.start()
    cluster.run(3)
    assert machine(node).running == []
    assert reasons(node) == "no such interface"


def test_a_power_switch_is_not_pulled_for_what_was_not_seen_running() -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(DB,), on_stop_failure=("/r/switch", "off"), start=False)
    machine(node).behave("db", "monitor", status=1, after=0.05)
    machine(node).behave("db", "stop", status=1)
    node.supervisor.start()
    cluster.run(5)
    assert "switch off" not in machine(node).done()
    assert machine(node).done().count("db stop") >= 2


def test_an_interface_that_is_lost_stops_the_resources() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(10)
    node.host.link(up=False)
    cluster.run(2)
    assert reasons(node) == "link down"
    assert machine(node).running == []


def test_addresses_that_the_kernel_refuses_release_the_resources_too() -> None:
    cluster = Cluster()
    node = alone(cluster, DB)
    cluster.run(1)
    node.host.kernel_error = "cannot add"
    cluster.run(3.3)
    node.host.kernel_error = ""
    cluster.run(1.5)
    assert machine(node).done() == ["db start", "db stop"]
    assert reasons(node) == "cannot add"


def test_a_closed_fence_stops_the_resources_before_priority_0() -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(DB,), fenced=True)
    cluster.run(20)
    assert machine(node).running == ["db"]
    machine(node).behave("db", "stop", after=1.5)
    node.set_service(ProbeResult(passed=False, reason="HTTP 500"))
    cluster.run(5)
    stop = next(at for at, what in machine(node).calls if what == "db stop")
    at, priority = node.advertisements()[-1]
    assert at == pytest.approx(stop + 1.5)
    assert priority == 0
    assert reasons(node) == "fenced by web: HTTP 500"


def test_the_guardian_knows_of_a_resource_before_it_is_started_and_until_it_has_stopped() -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(3.8)
    assert [one.resource for one in machine(node).registered] == ["disk"]
    cluster.run(2)
    assert [one.resource for one in machine(node).registered] == ["disk", "db"]
    assert machine(node).registered[1].stop.words == ("/r/db", "stop")
    node.supervisor.stop(lambda: None)
    cluster.run(0.7)
    assert [one.resource for one in machine(node).registered] == ["disk"]
    cluster.run(2)
    assert machine(node).registered == []


def test_nothing_is_touched_while_an_earlier_lifes_guardian_is_at_work() -> None:
    cluster = Cluster()
    node = cluster.node(100, resources=(DB,), start=False)
    machine(node).guardian_acts = True
    node.supervisor.start()
    cluster.run(20)
    assert machine(node).calls == []
    assert node.state == "INIT"
    machine(node).guardian_acts = False
    cluster.run(5)
    assert node.state == "MASTER"


def test_a_daemon_whose_guardian_stopped_everything_looks_for_itself_and_stays_away() -> None:
    cluster = Cluster()
    db = resource("db", exclusive=True)
    node = cluster.node(100, resources=(db,), accepts_split_brain=True)
    cluster.run(10)
    assert node.host.holds(VIP)
    machine(node).running.clear()
    machine(node).guardian_acted = 1
    node.host.delete(VIP)
    cluster.run(1)
    assert not node.host.holds(VIP)
    assert "the guardian stopped the resources" in reasons(node)
    assert node.count("guardian_interventions") == 1
    assert node.advertisements()[-1][1] == 0
    cluster.run(15)
    assert node.host.holds(VIP)


def test_a_release_that_a_better_master_overtakes_ends_in_silence() -> None:
    cluster = Cluster()
    low = cluster.node(100, resources=(DB,))
    cluster.run(10)
    machine(low).behave("db", "stop", after=30)
    low.router.addresses.resources_failed("ill")
    cluster.run(1)
    assert isinstance(low.router.state, Releasing)
    high = cluster.node(200, resources=(DB,), preempt=True)
    cluster.run(10)
    assert high.state == "MASTER"
    sent = len(low.advertisements())
    cluster.run(15)
    assert len(low.advertisements()) == sent
    cluster.run(10)
    assert len(low.advertisements()) == sent
    assert high.count("split_brains") <= 1


@pytest.mark.parametrize("moment", [0.1, 0.4, 0.5, 0.55, 0.7, 1.05, 1.1, 1.2, 3.0])
def test_stopped_at_any_moment_it_leaves_nothing_running_and_never_two_things_at_once(
    moment: float,
) -> None:
    cluster = Cluster()
    node = alone(cluster)
    cluster.run(FIRST_CLAIM + 0.1 + moment)
    ended: list[bool] = []
    node.supervisor.stop(lambda: ended.append(True))
    cluster.run(5)
    assert ended == [True]
    assert machine(node).running == []
    assert machine(node).most_under_way <= 1
    assert not node.host.holds(VIP)
    assert node.advertisements()[-1][1] == 0


def test_the_hold_down_of_a_failed_start_is_that_of_the_configuration() -> None:
    cluster = Cluster()
    hold_down = HoldDown(initial=Nanoseconds(2 * SECOND))
    node = alone(cluster, DB, hold_down=hold_down)
    machine(node).behave("db", "start", status=1)
    cluster.run(5)
    assert reasons(node).endswith("stays away for 2 s")


def leased_pair() -> tuple[Cluster, Node, Node]:
    db = resource("db", exclusive=True, stop_timeout=Nanoseconds(4 * SECOND))
    lease = replace(LEASE, ttl=30, reserve=release_time([db]))
    cluster = Cluster()
    high, low = (cluster.node(p, resources=(db,), etcd_lease=lease) for p in (200, 100))
    cluster.run(15)
    assert machine(high).running == ["db"]
    return cluster, high, low


def never_both(cluster: Cluster, seconds: float) -> None:
    for _ in range(round(seconds * 20)):
        cluster.run(0.05)
        assert sum(bool(machine(node).running) for node in cluster.nodes) <= 1


def test_the_key_in_etcd_is_given_back_when_the_resources_have_stopped_and_not_before() -> None:
    cluster, high, low = leased_pair()
    high.host.connected = False  # they do not hear each other, but both reach etcd
    machine(high).behave("db", "stop", after=3.5)
    high.supervisor.stop(lambda: None)
    never_both(cluster, 3.4)
    assert low.state == "BACKUP"
    never_both(cluster, 10)
    assert machine(high).running == []
    assert machine(low).running == ["db"]


def test_a_holder_that_cannot_reach_etcd_stops_its_resources_before_the_key_can_expire() -> None:
    cluster, high, low = leased_pair()
    high.host.connected = False
    high.host.etcd.reachable = False
    machine(high).behave("db", "stop", after=3.9)
    never_both(cluster, 60)
    assert machine(high).running == []
    assert machine(low).running == ["db"]
    assert cluster.holders() == ["n2"]


def test_a_claim_that_is_called_off_while_resources_stop_does_not_give_the_key_back() -> None:
    cluster, high, low = leased_pair()
    machine(high).behave("db", "stop", after=3.9)
    high.router.addresses.resources_failed("ill")
    never_both(cluster, 1)
    high.router.addresses.resources_failed("")
    never_both(cluster, 20)
    assert machine(low).running == ["db"] or machine(high).running == ["db"]


def test_a_better_node_that_comes_back_starts_when_the_other_has_stopped() -> None:
    cluster, high, low = leased_pair()
    high.supervisor.stop(lambda: None)
    never_both(cluster, 20)
    assert machine(low).running == ["db"]
    machine(low).behave("db", "stop", after=3.9)
    lease = high.router.config.etcd_lease
    back = cluster.node(200, resources=(DB,), etcd_lease=lease, primary="192.0.2.9/24")
    never_both(cluster, 30)
    assert machine(back).running == ["db"]
    assert cluster.holders() == ["n3"]


def test_a_node_that_gives_way_and_does_not_stop_keeps_the_key_for_as_long_as_that_takes() -> None:
    cluster, high, low = leased_pair()
    high.supervisor.stop(lambda: None)
    never_both(cluster, 20)
    assert machine(low).running == ["db"]
    machine(low).behave("db", "stop", status=1)
    lease = high.router.config.etcd_lease
    back = cluster.node(200, resources=(DB,), etcd_lease=lease, primary="192.0.2.9/24")
    never_both(cluster, 90)
    assert low.router.reason.startswith("gives way to n3")
    assert machine(back).running == []
    machine(low).behave("db", "stop")
    never_both(cluster, 60)
    assert machine(back).running == ["db"]
