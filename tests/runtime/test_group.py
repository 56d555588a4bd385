"""One election for several virtual routers: together or not at all, whatever happens to one."""

import tomllib
from dataclasses import replace
from ipaddress import ip_interface

import pytest

from pyvrrp.config.parse import parse
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.states import name
from tests.support.clock import FakeClock
from tests.support.cluster import KEY, LEASE
from tests.support.machine import resource
from tests.support.own_concern import OwnConcern
from tests.support.routers import SIDES, GroupNode, Site
from tests.support.world import FakeHost, Lan

BOTH = [["n1"], ["n1"]]
EACH = pytest.mark.parametrize("side", SIDES)


def other(side: str) -> str:
    return "wan" if side == "lan" else "lan"


def pair(*, checked: tuple[str, ...] = ()) -> tuple[Site, GroupNode, GroupNode]:
    site = Site()
    first, second = site.router(200, checked=checked), site.router(100, checked=checked)
    site.run(10)
    assert site.all_held_by() == BOTH
    return site, first, second


def test_all_become_master_in_the_same_instant_and_each_advertises_and_announces() -> None:
    _site, first, second = pair()
    assert first.states == ["MASTER", "MASTER"]
    assert second.states == ["BACKUP", "BACKUP"]
    for side in SIDES:
        assert first.transitions(side)[-1][:2] == (3.21875, "BACKUP>MASTER")
        assert first.sent(side)[0] == (3.21875, 200)
        assert len(first.host(side).announced) >= 10
        assert second.sent(side) == []


@EACH
def test_a_link_that_fails_takes_all_along_and_names_the_member(side: str) -> None:
    site, first, _second = pair()
    first.host(side).link(up=False)
    site.run(0.01)
    assert first.states == ["INIT", "INIT"]
    assert first.member(side).reporter.reason == "link down"
    assert first.member(other(side)).reporter.reason == f"{side} of group edge: link down"
    assert site.all_held_by() == [[], []]


@EACH
def test_the_next_node_takes_all_after_skew_time_although_it_heard_only_one_release(
    side: str,
) -> None:
    site, first, second = pair()
    first.host(side).link(up=False)
    first.connect(side, connected=False)
    site.run(0.7)
    # Skew_Time of priority 100 is 0.609375 s; Master_Down_Interval would be 3.6 s.
    assert site.all_held_by() == [["n2"], ["n2"]]
    assert [second.transitions(s)[-1][0] for s in SIDES] == [10.609375, 10.609375]


@EACH
def test_a_primary_address_that_goes_takes_all_along(side: str) -> None:
    site, first, _second = pair()
    first.host(side).link(addresses=())
    site.run(1)
    assert first.member(other(side)).reporter.reason == f"{side} of group edge: no primary address"
    assert site.all_held_by() == [["n2"], ["n2"]]


@EACH
def test_a_kernel_that_refuses_one_address_gets_none(side: str) -> None:
    site = Site()
    first = site.router(200)
    site.router(100)
    site.run(3)
    first.host(side).kernel_error = "no buffer space"
    site.run(0.3)
    assert first.host(other(side)).held == {}
    assert [priority for _, priority in first.sent(other(side))] == [200]
    first.host(side).kernel_error = ""
    site.run(0.8)
    assert first.states == ["INIT", "INIT"]
    assert site.all_held_by() == [["n2"], ["n2"]]
    assert first.member(other(side)).reporter.reason == f"{side} of group edge: no buffer space"


@EACH
def test_the_fence_of_one_is_the_fence_of_all(side: str) -> None:
    site, first, _second = pair(checked=(side,))
    for host in first.hosts.values():
        host.service = lambda: ProbeResult(False, "HTTP 500")
    site.run(3)
    assert first.member(side).reporter.reason == "fenced by web: HTTP 500"
    assert (
        first.member(other(side)).reporter.reason
        == f"{side} of group edge: fenced by web: HTTP 500"
    )
    assert site.all_held_by() == [["n2"], ["n2"]]
    for host in first.hosts.values():
        host.service = lambda: ProbeResult(True, "HTTP 200")
    site.run(30)
    assert site.all_held_by() == BOTH


def test_nobody_starts_before_the_last_obstacle_of_the_last_member_is_gone() -> None:
    site = Site()
    first = site.router(200, start=False)
    first.host("wan").link(up=False)
    first.supervisor.start()
    site.run(10)
    assert first.states == ["INIT", "INIT"]
    assert first.reasons == ["wan of group edge: link down", "link down"]
    first.host("wan").link(up=True)
    site.run(3.3)
    assert site.all_held_by() == BOTH
    # Both waited a whole Master_Down_Interval from the same instant on.
    assert [first.transitions(side)[0][:2] for side in SIDES] == [(10.0, "INIT>BACKUP")] * 2


@EACH
def test_one_heartbeat_that_is_heard_keeps_all_backup_and_status_says_which(side: str) -> None:
    site, first, second = pair()
    first.connect(side, connected=False)
    site.run(20)
    assert second.states == ["BACKUP", "BACKUP"]
    assert site.all_held_by() == BOTH
    silent, heard = second.member(side), second.member(other(side))
    assert silent.waits_for == f"{other(side)} to hear no master either"
    assert heard.waits_for == ""


def test_a_partition_makes_two_and_heals_to_one_which_announces_in_every_segment() -> None:
    site, first, _second = pair()
    first.connect(connected=False)
    site.run(10)
    assert site.all_held_by() == [["n1", "n2"], ["n1", "n2"]]
    announced = {side: len(first.host(side).announced) for side in SIDES}
    first.connect()
    site.run(3)
    assert site.all_held_by() == BOTH
    for side in SIDES:
        assert len(first.host(side).announced) >= announced[side] + 10


@EACH
def test_where_only_one_segment_heals_the_group_is_one_again_and_all_announce(side: str) -> None:
    site, first, second = pair()
    first.connect(connected=False)
    site.run(10)
    announced = {side: len(first.host(side).announced) for side in SIDES}
    first.connect(side)
    site.run(1.2)
    assert site.all_held_by() == BOTH
    assert second.states == ["BACKUP", "BACKUP"]
    assert second.member(other(side)).reporter.reason.startswith(f"follows {side}: 10.0.")
    for each in SIDES:
        assert len(first.host(each).announced) >= announced[each] + 5


def test_a_better_node_preempts_all_at_once_and_the_lower_one_leaves_with_all() -> None:
    site = Site()
    second = site.router(100)
    site.run(5)
    first = site.router(200)
    site.run(4)
    assert second.states == ["BACKUP", "BACKUP"]
    assert site.all_held_by() == [["n2"], ["n2"]]
    left = [second.transitions(side)[-1][0] for side in SIDES]
    came = [first.transitions(side)[-1][0] for side in SIDES]
    assert left == came == [8.21875, 8.21875]


@EACH
def test_a_preemption_that_is_heard_in_one_segment_only_moves_all(side: str) -> None:
    site = Site()
    second = site.router(100)
    site.run(5)
    first = site.router(200, preempt_delay=SECOND)
    first.connect(other(side), connected=False)
    site.run(4)
    assert second.states == ["BACKUP", "BACKUP"]
    assert site.all_held_by() == [["n2"], ["n2"]]


@EACH
def test_a_member_that_follows_one_that_lingers_lingers_too_so_that_a_host_always_answers(
    side: str,
) -> None:
    site = Site()
    site.router(100)
    site.run(5)
    first = site.router(200)
    first.host(side).kernel_delay = 0.02
    for _ in range(4000):
        site.run(0.001)
        assert [] not in site.all_held_by()
    assert site.all_held_by() == [["n2"], ["n2"]]


def test_without_preempt_a_better_node_takes_nothing() -> None:
    site = Site()
    site.router(100, preempt=False)
    site.run(5)
    site.router(200, preempt=False)
    site.run(20)
    assert site.all_held_by() == BOTH


def test_a_stall_makes_all_give_way_before_anything_is_said() -> None:
    site, first, _second = pair()
    sent = {side: len(first.sent(side)) for side in SIDES}
    for host in first.hosts.values():
        host.reading = False
    # The other node goes on meanwhile.
    first.connect(connected=False)
    site.clock.stall(4.5)
    first.connect()
    site.run(0.01)
    assert first.states == ["BACKUP", "BACKUP"]
    for side in SIDES:
        assert all(priority == 200 for _, priority in first.sent(side)[sent[side] :])


def test_priority_0_waits_until_the_addresses_of_all_are_gone() -> None:
    site, first, _second = pair()
    first.host("wan").kernel_delay = 0.4
    first.host("lan").link(up=False)
    site.run(0.35)
    assert not first.host("lan").holds("10.0.1.100/24")
    assert first.host("wan").holds("10.0.2.100/24")
    assert [priority for _, priority in first.sent("lan")[-2:]] == [200, 200]
    site.run(0.1)
    for side in SIDES:
        assert [priority for _, priority in first.sent(side)[-2:]] == [0, 0]
    assert not first.host("wan").holds("10.0.2.100/24")


@EACH
def test_a_concern_of_one_holds_all_back_and_then_all_go(side: str) -> None:
    site, first, second = pair()
    gate = OwnConcern(second.member(side))
    gate.waits_for = "a word"
    second.member(side).heed(gate)
    first.connect(connected=False)
    site.run(6)
    assert gate.heard.count("claim due") >= 1
    assert second.states == ["BACKUP", "BACKUP"]
    assert second.member(side).waits_for == "a word"
    assert second.member(other(side)).waits_for == f"{side}: a word"
    first.connect()
    site.run(1.1)
    assert gate.heard.count("released") >= 1
    assert second.member(side).waits_for == ""
    first.connect(connected=False)
    site.run(6)
    gate.waits_for = None
    second.member(side).retry_claim()
    assert second.states == ["MASTER", "MASTER"]


def test_stopping_leaves_nothing_behind_and_says_so_in_every_segment() -> None:
    site, first, _second = pair()
    stopped: list[bool] = []
    first.supervisor.stop(lambda: stopped.append(True))
    site.run(0.68)
    assert stopped
    assert site.all_held_by() == [["n2"], ["n2"]]
    for side in SIDES:
        assert [priority for _, priority in first.sent(side)[-2:]] == [0, 0]


@EACH
def test_a_drained_member_hands_all_over_without_an_instant_at_which_nobody_answers(
    side: str,
) -> None:
    site, first, second = pair()
    first.member(side).drain(drained=True)
    for _ in range(700):
        site.run(0.001)
        assert [] not in site.all_held_by()
    assert site.all_held_by() == [["n2"], ["n2"]]
    assert first.states == ["INIT", "INIT"]
    assert first.member(side).reporter.reason == "drained"
    assert first.member(other(side)).reporter.reason == f"{side} of group edge: drained"
    assert [second.transitions(s)[-1][0] for s in SIDES] == [10.609375, 10.609375]
    first.member(side).drain(drained=False)
    for _ in range(4000):
        site.run(0.001)
        assert [] not in site.all_held_by()
    assert site.all_held_by() == BOTH


@EACH
def test_a_member_that_resigns_takes_all_along_and_none_comes_back_by_itself(side: str) -> None:
    site, first, second = pair()
    first.member(side).resign()
    site.run(1)
    assert site.all_held_by() == [["n2"], ["n2"]]
    site.run(20)
    assert site.all_held_by() == [["n2"], ["n2"]]
    second.host(side).link(up=False)
    site.run(1)
    assert site.all_held_by() == BOTH


def test_resigning_where_nobody_else_is_leaves_all_with_their_master() -> None:
    site = Site()
    first = site.router(200)
    site.run(5)
    first.member("lan").resign()
    site.run(5)
    assert first.states == ["MASTER", "MASTER"]
    assert site.all_held_by() == BOTH


def test_resigning_where_the_successor_is_heard_in_one_segment_only_leaves_none_behind() -> None:
    site, first, second = pair()
    second.connect("wan", connected=False)
    # It hears nobody in the second segment, and there nobody hears it.
    site.run(5)
    first.member("lan").resign()
    site.run(3)
    assert first.states == ["BACKUP", "BACKUP"]
    assert second.states == ["MASTER", "MASTER"]
    assert site.all_held_by() == [["n2"], ["n2"]]


@EACH
def test_a_hindrance_in_the_middle_of_a_handover_takes_all_at_once(side: str) -> None:
    site, first, _second = pair()
    first.member("lan").drain(drained=True)
    site.run(0.2)
    first.host(side).link(up=False)
    site.run(0.01)
    assert first.states == ["INIT", "INIT"]
    assert site.all_held_by() == [[], []]


@EACH
def test_the_operators_priority_is_that_of_all(side: str) -> None:
    site, first, second = pair()
    first.member(side).set_priority(50)
    assert [member.priority for member in first.members] == [50, 50]
    site.run(5)
    assert site.all_held_by() == [["n2"], ["n2"]]
    first.member(other(side)).set_priority(None)
    site.run(5)
    assert site.all_held_by() == BOTH
    assert second.states == ["BACKUP", "BACKUP"]


def test_owners_of_a_group_start_as_masters_together() -> None:
    site = Site()
    first = site.router(255, start=False)
    first.host("wan").link(up=False)
    first.supervisor.start()
    site.run(2)
    assert first.states == ["INIT", "INIT"]
    first.host("wan").link(up=True)
    site.run(0.01)
    assert first.states == ["MASTER", "MASTER"]


def test_a_rival_in_one_segment_is_answered_there_and_announced_in_all_not_too_often() -> None:
    site, first, second = pair()
    before = {side: len(first.host(side).announced) for side in SIDES}
    # One that is deaf on one side is a second master there, for ever.
    second.host("lan").hear = lambda *_: None  # type: ignore[method-assign] # the world's only ear
    second.connect("wan", connected=False)
    site.run(14)
    assert second.states == ["MASTER", "MASTER"]
    assert first.states == ["MASTER", "MASTER"]
    assert first.member("lan").counters.get("split_brains") >= 1
    more = {side: len(first.host(side).announced) - before[side] for side in SIDES}
    assert 40 <= more["wan"] <= more["lan"] + 10


@pytest.mark.parametrize("members", [1, 3, 20])
def test_any_number_of_members_moves_in_one_callback(members: int) -> None:
    sides = [f"seg{n}" for n in range(members)]
    site = Site(sides=sides)
    first, second = site.router(200), site.router(100)
    site.run(5)
    assert first.states == ["MASTER"] * members
    first.host(sides[-1]).link(up=False)
    site.run(1)
    assert second.states == ["MASTER"] * members
    assert len({second.transitions(side)[-1][0] for side in sides}) == 1


def test_a_group_of_different_intervals_moves_when_its_slowest_member_may() -> None:
    site = Site()
    quick = {"advertisement_interval": Nanoseconds(100 * MILLISECOND)}
    first, second = site.router(200, sides={"lan": quick}), site.router(100, sides={"lan": quick})
    site.run(5)
    first.connect(connected=False)
    site.run(3.7)
    assert site.all_held_by() == [["n1", "n2"], ["n1", "n2"]]
    assert len({second.transitions(side)[-1][0] for side in SIDES}) == 1


def test_a_mixed_virtual_router_may_be_a_group_of_its_two_families() -> None:
    document = """
        node = "n1"
        [[virtual_router]]
        name = "web"
        interface = "eth0"
        vrid = 51
        addresses = ["192.0.2.10/24", "2001:db8::10/64", "fe80::51/64"]
        priority = 150
        group = "web"
    """
    configuration = parse(tomllib.loads(document), "file", node=None, hostname="n1")
    clock = FakeClock()
    host = FakeHost("n1", Lan(clock), "192.0.2.1/24")
    supervisor = Supervisor(configuration, host.ports(), Journal(clock))
    supervisor.start()
    clock.run(5)
    first, second = supervisor.routers
    assert first.reporter.reason == "web of group web: no primary address"
    assert second.reporter.reason == "no primary address"
    host.link(addresses=(*host.state.addresses, ip_interface("fe80::1/64")))
    clock.run(5)
    assert [name(member.state) for member in supervisor.routers] == ["MASTER", "MASTER"]
    assert first.reporter.since == second.reporter.since


DB = resource("db")
WITH_DB = {"lan": {"resources": ("db",)}}


def with_resources() -> tuple[Site, GroupNode, GroupNode]:
    site = Site()
    first, second = (
        site.router(priority, sides=WITH_DB, resources=(DB,)) for priority in (200, 100)
    )
    site.run(10)
    assert site.all_held_by() == BOTH
    return site, first, second


def test_priority_0_of_all_waits_until_the_resources_of_one_are_stopped() -> None:
    site, first, second = with_resources()
    first.host("lan").machine.behave("db", "stop", after=2)
    first.host("wan").link(up=False)
    site.run(1.9)
    assert site.all_held_by() == [[], []]
    assert first.host("lan").machine.done()[-1] == "db stop"
    assert all(priority == 200 for _, priority in first.sent("lan"))
    assert second.states == ["BACKUP", "BACKUP"]
    site.run(0.2)
    for side in SIDES:
        assert [priority for _, priority in first.sent(side)[-2:]] == [0, 0]
    site.run(2)
    assert site.all_held_by() == [["n2"], ["n2"]]


def test_a_drain_of_a_group_with_resources_is_no_handover_in_any_member() -> None:
    site, first, second = with_resources()
    first.member("wan").drain(drained=True)
    site.run(0.2)
    assert site.all_held_by() == [[], []]
    assert all(priority == 200 for _, priority in first.sent("wan"))
    site.run(3)
    assert first.host("lan").machine.running == []
    assert second.host("lan").machine.running == ["db"]
    assert site.all_held_by() == [["n2"], ["n2"]]


def test_a_resource_that_does_not_start_pulls_all_members_down() -> None:
    site = Site()
    first = site.router(200, sides=WITH_DB, resources=(DB,))
    first.host("lan").machine.behave("db", "start", status=1)
    second = site.router(100, sides=WITH_DB, resources=(DB,))
    site.run(6)
    assert first.states == ["INIT", "INIT"]
    assert first.member("wan").reporter.reason.startswith("lan of group edge: ")
    assert second.states == ["MASTER", "MASTER"]
    assert site.all_held_by() == [["n2"], ["n2"]]


def test_one_key_in_etcd_decides_for_all_members() -> None:
    lease = replace(LEASE, key=KEY)
    site = Site()
    first, second = (
        site.router(priority, sides={"wan": {"etcd_lease": lease}}) for priority in (200, 100)
    )
    site.run(10)
    assert site.all_held_by() == BOTH
    # The network is cut: the other node hears nobody, and has no key.
    first.connect(connected=False)
    site.run(3)
    assert site.all_held_by() == BOTH
    assert second.states == ["BACKUP", "BACKUP"]
    assert second.member("lan").waits_for.startswith("wan: the key ")
    first.host("lan").etcd.reachable = False
    site.run(20)
    assert site.all_held_by() == [["n2"], ["n2"]]
    assert first.member("lan").reporter.reason.startswith("wan of group edge: lease lost: ")
