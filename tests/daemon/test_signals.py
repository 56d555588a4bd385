"""What the daemon writes to its log when an administrator sends a signal."""

import signal

from pyvrrp.daemon.signals import SignalReports
from tests.support.cluster import Cluster, Node


def send(cluster: Cluster, node: Node, number: int) -> None:
    SignalReports(node.supervisor, cluster.clock, node.journal).handlers()[number]()


def test_sighup_asks_for_a_reload() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    asked: list[str] = []
    reports = SignalReports(
        node.supervisor, cluster.clock, node.journal, lambda: asked.append("reload")
    )
    reports.handlers()[signal.SIGHUP]()
    assert asked == ["reload"]


def test_sigusr1_writes_the_state_of_each_virtual_router() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    send(cluster, low, signal.SIGUSR1)
    (event,) = low.events("status")
    assert event.text == (
        "BACKUP: 192.0.2.1 advertised priority 200 781 ms ago; priority 100, master 192.0.2.1, "
        "addresses here: none"
    )
    assert event.fields["state"] == "BACKUP"
    assert event.virtual_router == low.router.config


def test_sigusr1_names_the_addresses_that_are_here() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    send(cluster, node, signal.SIGUSR1)
    (event,) = node.events("status")
    assert event.fields["addresses"] == "192.0.2.100/24"


def test_sigusr2_writes_the_counters_that_are_not_0() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    send(cluster, node, signal.SIGUSR2)
    router, interface = node.events("counters")
    assert router.text.startswith("master_transitions 1, advertisement_sent 7")
    assert "advertisement_rcvd" not in router.text
    assert router.fields["counts"] == router.text
    assert interface.text == "eth0: all 0"


def test_other_signals_do_nothing() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    before = len(node.journal.events())
    send(cluster, node, signal.SIGALRM)
    assert len(node.journal.events()) == before
