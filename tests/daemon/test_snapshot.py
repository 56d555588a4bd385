"""What status tells of a node."""

import json
from ipaddress import IPv4Address, ip_interface

from pyvrrp.config.model.configuration import LinkConfig
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.fencing.weight import Weight
from pyvrrp.identity import Place
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.etcd_lease.lease import EtcdLeaseHolder
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import VIP, Cluster, Node
from tests.support.routers import Site
from tests.support.world import Lan


def vip(*, present: bool) -> list[dict[str, object]]:
    return [{"address": VIP, "present": present, "interface": "eth0", "advertised": True}]


def shown(cluster: Cluster, node: Node) -> dict[str, object]:
    now = cluster.clock.now()
    taken = Snapshots(node.supervisor, cluster.clock).take(Nanoseconds(now + 1_000_000 * SECOND))
    parsed = json.loads(json.dumps(taken))
    router = parsed["virtual_routers"][0]
    assert isinstance(router, dict)
    return router


def test_a_master_shows_its_reason_its_address_and_its_checks() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True)
    cluster.run(10)
    router = shown(cluster, node)
    assert router["state"] == "MASTER"
    assert router["reason"] == "nobody was heard for 3.219 s"
    assert router["since"] == 1_000_004.222
    assert router["master"] == "192.0.2.1"
    assert router["addresses"] == [
        {"address": VIP, "present": True, "interface": "eth0", "advertised": True}
    ]
    assert router["checks"] == [
        {"name": "web", "passing": True, "reason": "HTTP 200", "weight": None, "age_ms": 997.0}
    ]


def test_a_backup_shows_who_is_master_and_how_fresh_that_is() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    router = shown(cluster, low)
    assert router["state"] == "BACKUP"
    assert router["master"] == "192.0.2.1"
    assert router["reason"] == "192.0.2.1 advertised priority 200 781 ms ago"
    assert router["addresses"] == [
        {"address": VIP, "present": False, "interface": "eth0", "advertised": True}
    ]
    timers = router["timers"]
    assert isinstance(timers, dict)
    assert timers["master_down_interval_ms"] == 3609.375
    assert timers["skew_time_us"] == 609_375


def test_a_fenced_node_shows_why_and_still_knows_the_master() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100, fenced=True)
    low.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(10)
    router = shown(cluster, low)
    assert (router["state"], router["reason"]) == ("INIT", "fenced by web: HTTP 503")
    assert router["master"] == "192.0.2.1"


def test_present_is_what_the_kernel_says_not_what_the_state_implies() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.kernel_answers = False
    node.host.held.pop(ip_interface(VIP))
    node.host.link()
    cluster.run(0.1)
    assert shown(cluster, node)["addresses"] == [
        {"address": VIP, "present": False, "interface": "eth0", "advertised": True}
    ]


def test_a_master_shows_who_else_has_its_address() -> None:
    cluster = Cluster()
    node, other = cluster.node(200), cluster.node(100)
    other.host.filtered = node.host.filtered = True
    cluster.run(10)
    assert shown(cluster, node)["other_holders"] == [
        {"address": "192.0.2.100", "mac": "02:00:00:00:00:02", "age_ms": 1390.625}
    ]


def test_the_priority_in_force_stands_beside_the_configured_one() -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True, weights=(Weight("web", -120),))
    node.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(10)
    router = shown(cluster, node)
    assert (router["priority"], router["effective_priority"]) == (200, 80)
    assert router["checks"] == [
        {"name": "web", "passing": False, "reason": "HTTP 503", "weight": -120, "age_ms": 997.0}
    ]


def test_the_one_multicast_link_is_shown() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    assert shown(cluster, low)["links"] == [
        {
            "interface": "eth0",
            "peers": [],
            "up": True,
            "lost": "",
            "heard_ms": 781.25,
            "received": 7,
        }
    ]


def test_a_link_that_lost_its_interface_is_shown_with_the_reason() -> None:
    cluster = Cluster()
    peers = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
    further = LinkConfig(Place("", "eth1"), peers)
    node = cluster.node(200, peers=peers, further_links=(further,), start=False)
    card = node.host.attach("eth1", Lan(cluster.clock), "10.0.0.1/24")
    node.supervisor.start()
    cluster.run(1)
    card.link(up=False)
    cluster.run(1)
    links = shown(cluster, node)["links"]
    assert isinstance(links, list)
    assert [(link["up"], link["lost"], link["heard_ms"]) for link in links] == [
        (True, "", None),
        (False, "link down", None),
    ]
    assert links[0]["peers"] == ["192.0.2.1", "192.0.2.2"]


def test_another_cluster_that_uses_our_vrid_is_shown_and_how_much_is_held_here() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.node(100, addresses=("192.0.2.77/24",))
    stranger = cluster.other_vrid(77)
    cluster.run(20)
    stranger.host.connected = False
    cluster.run(2)
    others = shown(cluster, node)["collisions"]
    assert isinstance(others, list)
    assert [{**other, "age_ms": 0} for other in others] == [
        {"sender": "192.0.2.3", "vrid": 77, "addresses": ["192.0.2.100"], "age_ms": 0}
    ]
    taken = Snapshots(node.supervisor, cluster.clock).take(cluster.clock.now())
    assert (taken["held"], taken["max_held"]) == (1, None)


def test_a_group_is_shown_with_its_members() -> None:
    site = Site()
    router = site.router(200)
    taken = Snapshots(router.supervisor, site.clock).take(site.clock.now())
    shown_routers = json.loads(json.dumps(taken))["virtual_routers"]
    assert [one["group"] for one in shown_routers] == [
        {"name": "edge", "members": ["lan", "wan"]}
    ] * 2
    assert shown(Cluster(), Cluster().node(100))["group"] is None


def test_a_hold_down_shows_how_long_it_lasts_and_how_many_closings_made_it_so_long() -> None:
    cluster = Cluster()
    node, _ = cluster.node(200, fenced=True), cluster.node(100)
    for _ in range(2):
        cluster.run(20)
        node.set_service(ProbeResult(False, "HTTP 503"))
        cluster.run(3)
        node.set_service(ProbeResult(True, "HTTP 200"))
    assert fence_of(shown(cluster, node)) == (2, 0.0)  # the check itself still fails
    cluster.run(3)
    # It closed at 45.003 for 10 s, and it is 49 s.
    assert fence_of(shown(cluster, node)) == (2, 6003.0)
    assert shown(cluster, node)["reason"] == "the checks pass again, hold-down of 10 s"
    cluster.run(8)
    assert fence_of(shown(cluster, node)) == (2, 0.0)
    assert node.state == "BACKUP"


def fence_of(router: dict[str, object]) -> tuple[int, float]:
    fence = router["fence"]
    assert isinstance(fence, dict)
    return fence["closings"], fence["held_down_ms"]


def test_a_claim_that_waits_for_a_key_says_why_it_is_due_and_who_has_it() -> None:
    cluster = Cluster()
    low = cluster.node(100, leased=True)
    cluster.run(6)
    watch = low.concern("etcd lease")
    assert isinstance(watch, EtcdLeaseHolder)
    watch._gives_way = True  # deaf to wishes
    high = cluster.node(200, leased=True)
    cluster.run(6)
    router = shown(cluster, high)
    key = "the key pyvrrp/192.0.2.100: held by n1"
    assert router["reason"] == f"192.0.2.1 of priority 100 may be preempted; waits for {key}"
    timers = router["timers"]
    assert isinstance(timers, dict)
    assert timers["next_ms"] == 0
    low.host.connected = False
    cluster.run(4)
    assert shown(cluster, high)["reason"] == f"the master is silent; waits for {key}"


def test_a_lease_is_shown_as_a_check_and_with_its_key() -> None:
    cluster = Cluster()
    node = cluster.node(100, leased=True)
    cluster.run(6)
    router = shown(cluster, node)
    (check,) = router["checks"] if isinstance(router["checks"], list) else []
    assert (check["name"], check["passing"], check["reason"]) == ("cluster", True, "held here")
    lease = router["etcd_lease"]
    assert isinstance(lease, dict)
    assert (lease["key"], lease["ttl_s"], lease["phase"]) == ("pyvrrp/192.0.2.100", 10, "holding")
    assert 4000 < lease["valid_ms"] < 6400
    node.host.etcd.reachable = False
    cluster.run(10)
    router = shown(cluster, node)
    lease = router["etcd_lease"]
    assert isinstance(lease, dict)
    assert (lease["phase"], lease["valid_ms"]) == ("idle", None)
    assert str(router["reason"]).startswith("lease lost: not renewed for 6.4 s: ")


def test_each_order_that_stands_is_shown_with_the_command_that_undoes_it() -> None:
    cluster = Cluster()
    high = cluster.node(200)
    cluster.node(100)
    cluster.run(10)
    assert shown(cluster, high)["orders"] == []
    high.router.resign()
    high.router.set_priority(150)
    cluster.run(10)
    router = shown(cluster, high)
    assert (router["resigned"], router["drained"]) == (True, False)
    assert router["orders"] == [
        {
            "order": "resigned",
            "effect": "resigned: preempts no master until it has been master itself",
            "undo": "pyvrrp resign --undo web",
        },
        {
            "order": "priority",
            "effect": "priority 150 until the daemon restarts",
            "undo": "pyvrrp priority web reset",
        },
    ]
    assert str(router["reason"]).endswith(
        "resigned: preempts no master until it has been master itself"
    )
    high.host.link(up=False)
    cluster.run(1)
    assert shown(cluster, high)["reason"] == (
        "link down; resigned: preempts no master until it has been master itself"
    )
