"""Whole nodes: who is master, who holds the address, and in which order things happen."""

from dataclasses import replace
from ipaddress import ip_interface

import pytest

from pyvrrp.config.model.configuration import ChecksumPolicy
from pyvrrp.identity import Version
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.runtime.router.from_config import renewal_limit
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from tests.support.cluster import VIP, Cluster, Node
from tests.support.world import ETH0


def fence(node: Node, reason: str) -> None:
    node.router.obstacle(node.concern("fence"), reason)


def test_the_higher_priority_takes_the_address_after_its_master_down_interval() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(3.218)
    assert cluster.masters() == []
    cluster.run(0.001)
    assert cluster.masters() == ["n1"]
    assert cluster.holders() == ["n1"]
    cluster.run(60)
    assert (high.state, low.state) == ("MASTER", "BACKUP")
    assert low.transitions() == [(0.0, "INIT>BACKUP", "ready, listening for a master")]


def test_advertisements_leave_at_exact_intervals() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(7)
    assert node.advertisements() == [
        (3.21875, 200),
        (4.21875, 200),
        (5.21875, 200),
        (6.21875, 200),
    ]


def test_a_dead_master_is_replaced_and_gives_the_reason() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.host.connected = False
    cluster.run(4)
    assert low.state == "MASTER"
    at, change, reason = low.transitions()[-1]
    assert (at, change) == (12.828125, "BACKUP>MASTER")  # 9.21875 + 3.609375
    assert reason == "192.0.2.1 was silent for 3.609 s"
    assert low.router.reporter.new_master_reason == "no-response"


def test_a_partition_heals_to_one_master_and_the_winner_announces_again() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.host.connected = False
    cluster.run(20)
    assert cluster.masters() == ["n1", "n2"]
    frames = len(high.host.announced)
    high.host.connected = True
    cluster.run(1)
    assert cluster.masters() == ["n1"]
    assert cluster.holders() == ["n1"]
    assert len(high.host.announced) >= frames + 5
    assert high.count("split_brains") >= 1
    assert low.transitions()[-1][1:] == ("MASTER>BACKUP", "192.0.2.1 has priority 200")


def test_a_returning_better_node_takes_over_without_a_split_brain_alarm() -> None:
    cluster = Cluster()
    low = cluster.node(100)
    cluster.run(10)
    high = cluster.node(200)
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert high.transitions()[-1][2] == "preempts 192.0.2.1 of priority 100"
    assert high.count("split_brains") == 0
    assert low.state == "BACKUP"


def test_a_closing_fence_removes_the_address_before_priority_zero_which_is_sent_twice() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.host.kernel_delay = 0.010
    fence(high, "fenced by web: HTTP 503")
    cluster.run(0.009)
    assert cluster.holders() == ["n1"]
    assert high.advertisements()[-1] == (9.21875, 200)
    cluster.run(0.002)
    assert cluster.holders() == []
    assert high.advertisements()[-2:] == [(10.01, 0), (10.01, 0)]
    cluster.run(0.7)
    assert cluster.holders() == ["n2"]
    assert low.transitions()[-1] == (10.619375, "BACKUP>MASTER", "192.0.2.1 released the addresses")
    assert high.count("priority_zero_pkts_sent") == 2


def test_while_the_kernel_hangs_a_releasing_node_goes_on_advertising() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.host.kernel_delay = 3.0
    fence(high, "fenced by web: HTTP 503")
    cluster.run(2.9)
    assert low.state == "BACKUP"
    assert [p for _, p in high.advertisements()[-2:]] == [200, 200]
    assert high.count("kernel_delays") >= 1
    cluster.run(1)
    assert cluster.holders() == ["n2"]


def test_the_lease_is_renewed_while_master_and_runs_out_when_nothing_runs() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    renewals = [r for r in node.host.requests if r[1] == "renew" and r[0] > 4 * SECOND]
    assert len(renewals) == 12  # every 0.5 s
    assert {r[3] for r in renewals} == {2}
    node.host.kernel_answers = False
    cluster.run(2.1)
    assert cluster.holders() == []


def test_the_lease_is_not_renewed_when_advertisements_do_not_leave() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.send_error = "cannot send on eth0: no buffer space"
    cluster.run(2.1)
    assert cluster.holders() == []
    assert node.state == "MASTER"
    assert node.count("send_errors") >= 2
    node.host.send_error = ""
    cluster.run(1)
    assert cluster.holders() == ["n1"]


def test_a_process_that_stalled_gives_way_before_it_sends_anything() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(10)
    sent = len(high.advertisements())
    cluster.clock.stall(6)
    cluster.run(0.1)
    assert high.transitions()[-1][1] == "MASTER>BACKUP"
    assert high.transitions()[-1][2].startswith("stalled for ")
    assert len(high.advertisements()) == sent
    cluster.run(10)
    assert cluster.masters() == ["n1"]
    assert low.state == "BACKUP"


def test_a_stalled_backup_reads_its_socket_before_it_believes_its_deadline() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    low.host.reading = False
    cluster.run(20)
    assert low.state == "BACKUP"
    assert [t[1] for t in low.transitions()] == ["INIT>BACKUP"]


def test_link_down_ends_mastership_and_link_up_starts_as_a_backup() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.link(up=False)
    cluster.run(0.001)
    assert (node.state, node.router.state.reason) == ("INIT", "link down")  # type: ignore[union-attr]
    assert cluster.holders() == []
    node.host.link(up=True)
    cluster.run(3.2)
    assert node.state == "BACKUP"
    cluster.run(0.1)
    assert node.state == "MASTER"


def test_an_interface_that_appears_later_is_waited_for() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.state = replace(node.host.state, exists=False, up=False, index=0, addresses=())
    node.supervisor.start()
    cluster.run(1)
    assert node.router.state.reason == "no such interface"  # type: ignore[union-attr]
    node.host.link(exists=True, up=True, index=7)
    cluster.run(1)
    assert node.router.state.reason == "no primary address"  # type: ignore[union-attr]
    node.host.link(addresses=(ip_interface("192.0.2.1/24"),))
    cluster.run(3.3)
    assert node.state == "MASTER"


def test_what_an_earlier_life_left_behind_is_removed_before_anything_is_sent() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.held[ip_interface(VIP)] = None
    node.supervisor.start()
    cluster.run(0.1)
    assert cluster.holders() == []
    assert node.advertisements() == []
    assert node.state == "BACKUP"


def test_a_virtual_address_with_another_prefix_is_reported_and_left_alone() -> None:
    cluster = Cluster()
    node = cluster.node(200, start=False)
    node.host.state = replace(
        node.host.state,
        addresses=(ip_interface("192.0.2.1/24"), ip_interface("192.0.2.100/32")),
    )
    node.supervisor.start()
    cluster.run(1)
    (event,) = node.events("foreign_address")
    assert event.text.startswith("192.0.2.100/32 is on eth0 and was not put there by pyvrrp")


def test_a_new_primary_address_is_used_from_then_on() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(5)
    node.host.link(addresses=(ip_interface("192.0.2.77/24"),))
    cluster.run(2)
    sources = {packet[12:16] for at, _, packet in cluster.lan.sent if at > 5 * SECOND}
    assert sources == {bytes([192, 0, 2, 77])}
    assert node.state == "MASTER"


def test_the_virtual_address_is_never_the_primary_one() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(5)
    node.host.link(addresses=())
    cluster.run(1)
    assert node.router.state.reason == "no primary address"  # type: ignore[union-attr]
    assert cluster.holders() == []


def test_a_deleted_address_is_put_back_alone_and_announced() -> None:
    cluster = Cluster()
    other = "192.0.2.101/24"
    node = cluster.node(200, addresses=(VIP, other))
    cluster.run(10.1)
    frames = len(node.host.announced)
    before = len(node.host.requests)
    node.host.delete(VIP)
    cluster.run(0.001)
    assert node.host.holds(VIP)
    assert [r[1:3] for r in node.host.requests[before:]] == [("present", (VIP,))]
    assert len(node.host.announced) == frames + 5
    assert node.count("addresses_restored") == 1
    assert node.transitions()[-1][1] == "BACKUP>MASTER"


def test_three_deletions_within_ten_seconds_raise_an_alarm() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    for _ in range(3):
        node.host.delete(VIP)
        cluster.run(1)
    assert len(node.events("address_fight")) == 1


def test_a_kernel_that_refuses_the_address_makes_no_master() -> None:
    cluster = Cluster()
    high, low = cluster.node(200), cluster.node(100)
    cluster.run(1)
    high.host.kernel_error = "cannot add 192.0.2.100/24 to eth0: operation not permitted"
    cluster.run(2.3)
    assert high.events("kernel_refused")[0].text == high.host.kernel_error
    assert high.advertisements()[-1][1] == 200  # it can not even confirm that it has nothing
    high.host.kernel_error = ""
    cluster.run(2)
    assert cluster.holders() == ["n2"]
    assert high.router.state.reason.startswith("cannot add")  # type: ignore[union-attr]
    cluster.run(15)
    assert cluster.holders() == ["n1"]
    assert low.state == "BACKUP"


def test_an_address_owner_is_master_at_once_and_its_own_address_is_left_alone() -> None:
    cluster = Cluster()
    owner = cluster.node(255, primary=VIP)
    cluster.run(1)
    assert owner.state == "MASTER"
    assert owner.advertisements()[0] == (0.0, 255)
    assert not any(texts for _, _, texts, _ in owner.host.requests)
    owner.supervisor.stop(lambda: None)
    cluster.run(1)
    assert [p for _, p in owner.advertisements()[-2:]] == [0, 0]
    assert not any(texts for _, _, texts, _ in owner.host.requests)


def test_a_returning_owner_is_obeyed_although_its_address_is_held_here() -> None:
    cluster = Cluster()
    backup = cluster.node(100)
    cluster.run(5)
    assert backup.state == "MASTER"
    owner = cluster.node(255, primary=VIP)
    cluster.run(1)
    assert backup.state == "BACKUP"
    assert cluster.masters() == [owner.host.name]


def test_other_addresses_and_intervals_are_accepted_counted_and_reported_once() -> None:
    cluster = Cluster()
    cluster.node(200, addresses=(VIP, "192.0.2.101/24"), advertisement_interval=SECOND)
    slow = cluster.node(100, advertisement_interval=Nanoseconds(2 * SECOND))
    cluster.run(30)
    assert slow.state == "BACKUP"
    assert slow.count("address_list_errors") == slow.count("advertisement_rcvd") > 20
    assert slow.count("interval_errors") == slow.count("advertisement_rcvd")
    assert len(slow.events("address_list_mismatch")) == 1
    assert len(slow.events("interval_mismatch")) == 1


def test_version_two_with_another_interval_is_accepted_unless_strict() -> None:
    cluster = Cluster()
    cluster.node(200, version=Version.V2, advertisement_interval=Nanoseconds(2 * SECOND))
    lenient = cluster.node(100, version=Version.V2)
    strict = cluster.node(90, version=Version.V2, strict=True)
    cluster.run(20)
    assert lenient.state == "BACKUP"
    # It takes no part in the election of the others, and does not claim against a living master.
    assert strict.state == "BACKUP"
    assert strict.events("incompatible_neighbour") != []
    assert strict.count("interval_errors") > 5


def test_the_checksum_follows_the_peer() -> None:
    cluster = Cluster()
    cluster.node(200, checksum=ChecksumPolicy.RFC9568)
    cluster.run(5)
    auto = cluster.node(100)
    cluster.run(10)
    assert auto.state == "BACKUP"
    assert auto.router._advertiser.form is ChecksumForm.MESSAGE_ONLY
    assert auto.count("checksum_rfc9568_rcvd") > 5


def test_a_pinned_checksum_form_does_not_believe_the_other() -> None:
    cluster = Cluster()
    pinned = cluster.node(100, checksum=ChecksumPolicy.RFC9568)
    cluster.node(200, checksum=ChecksumPolicy.RFC5798)
    cluster.run(10)
    assert cluster.masters() == ["n2"]
    assert pinned.router.last_heard is None
    assert pinned.count("checksum_errors") > 3


def test_invalid_packets_change_no_timer_and_no_state() -> None:
    cluster = Cluster()
    master = cluster.node(200)
    cluster.run(5)
    good = cluster.lan.sent[-1][2]
    bad = good[:8] + bytes([254]) + good[9:]  # another TTL, the header checksum is wrong as well
    flood = [bad, good[:-1], good[:20], b"", b"\xff" * 40]

    def shower() -> None:
        for packet in flood:
            master.host.sockets[master.router.config.id.family].receive(packet)
        cluster.clock.call_at(Nanoseconds(cluster.clock.now() + MILLISECOND), shower)

    shower()
    before = len(master.advertisements())
    cluster.run(10)
    assert len(master.advertisements()) - before == 10
    assert master.state == "MASTER"
    segment = master.supervisor.interfaces[ETH0]
    assert segment.counters.get("malformed_datagrams") > 40_000
    assert len(master.events("discarded")) <= 5


def test_an_unknown_vrid_is_counted_and_nothing_else() -> None:
    cluster = Cluster()
    one = cluster.node(100)
    two = cluster.node(200)
    object.__setattr__(two.router.config.id, "vrid", 52)
    cluster.run(10)
    assert cluster.masters() == ["n1", "n2"]
    assert one.supervisor.interfaces[ETH0].counters.get("vrid_errors") >= 6


def test_a_second_host_with_the_address_is_reported() -> None:
    from pyvrrp.ports import Claim  # noqa: PLC0415 - used here alone

    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(5)
    assert node.host.announcements is not None
    vip = ip_interface(VIP).ip
    assert node.host.announcements.watched == {vip}
    for _ in range(100):
        node.host.claimed(Claim(vip, bytes.fromhex("020000000099")))
    assert node.count("address_conflicts") == 100
    (event,) = node.events("address_conflict")
    assert event.text == "192.0.2.100 is claimed by 02:00:00:00:00:99 too"


@pytest.mark.parametrize("milliseconds", [1000, 100, 10])
def test_three_nodes_fail_over_one_after_the_other_at_every_interval(milliseconds: int) -> None:
    cluster = Cluster()
    interval = Nanoseconds(milliseconds * MILLISECOND)
    nodes = [
        cluster.node(p, advertisement_interval=interval, max_learned_interval=interval)
        for p in (200, 150, 100)
    ]
    for node in nodes:
        cluster.run(5 * milliseconds / 1000)
        assert cluster.masters()[-1:] == [node.host.name]
        node.host.connected = False


def test_a_lease_is_not_renewed_on_an_advertisement_that_a_backup_may_have_given_up_on() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10.25)
    requests = len(node.host.requests)
    # The process stands for 1.2 s; its advertisement is overdue when it wakes, and fails to leave.
    node.host.send_error = "cannot send on eth0: no buffer space available"
    cluster.clock.stall(1.2)
    cluster.run(2)
    assert not any(what in ("renew", "present") for _, what, *_ in node.host.requests[requests:])
    assert cluster.holders() == []


@pytest.mark.parametrize(
    ("interval", "lease", "limit"),
    [
        (1000, 2, 1_000_000_000),
        (1000, 1, 2_000_000_000),
        (1000, 3, 3_000_000_000),
        (100, 2, 300_000_000),
        (2000, 4, 2_000_000_000),
        (1000, 0, 3_000_000_000),
    ],
)
def test_how_old_the_last_advertisement_may_be_for_a_renewal(
    interval: int, lease: int, limit: int
) -> None:
    config = (
        Cluster()
        .node(
            200,
            advertisement_interval=Nanoseconds(interval * MILLISECOND),
            max_learned_interval=Nanoseconds(10 * SECOND),
            lease=lease,
            start=False,
        )
        .router.config
    )
    assert renewal_limit(config) == limit
