"""An error that escapes from the runtime: the guard hears of it, whatever called the runtime."""

from ipaddress import IPv4Address

import pytest

from pyvrrp.config.model.configuration import Configuration, EtcdServers, HttpProbeConfig
from pyvrrp.identity import Family, Version
from pyvrrp.packet import reception
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import IPV4_GROUP
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.ports import Command, Look, Ports
from pyvrrp.runtime.base.guarded_ports import Guard, guarded_ports
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links import interface, link
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.clock import FakeClock, FakeHandle
from tests.support.cluster import Cluster, Node
from tests.support.world import ETH0


class Defect(BaseException):
    """No error of Python's own: a guard must not choose."""


def fail(*_: object) -> None:
    raise Defect


class Callers:
    """Every port. It keeps the callbacks that it gets, and calls them when it is told to."""

    def __init__(self) -> None:
        self.kept: list[object] = []
        self.clock = FakeClock()

    def ports(self) -> Ports:
        keeper: object = self
        return Ports(self.clock, *[keeper] * 7)  # type: ignore[arg-type]

    def _keep(self, *given: object) -> FakeHandle:
        self.kept.append(given[-1])
        return FakeHandle()

    ensure_absent = renew = watch = start = ask = run = open_announcements = _keep

    def ensure_present(self, *given: object, until: Nanoseconds | None, shapes: object) -> None:
        assert (until, shapes) == (7, ())
        self._keep(*given)

    def open_advertisements(self, *given: object, multicast: bool, unicast: bool) -> None:
        assert (multicast, unicast) == (True, False)
        self._keep(*given)

    def draw(self) -> int:
        return 42


def test_every_callback_that_the_runtime_gives_to_a_port_is_guarded() -> None:
    callers, heard = Callers(), list[BaseException]()
    ports = guarded_ports(callers.ports(), Guard(heard.append))
    servers = EtcdServers(("http://192.0.2.50:2379",))
    ports.sockets.open_advertisements(ETH0, Family.IPV4, fail, multicast=True, unicast=False)
    ports.sockets.open_announcements(ETH0, fail)
    ports.addresses.ensure_present(ETH0, (), 3, fail, until=Nanoseconds(7))
    ports.addresses.renew("", (), fail)
    ports.addresses.ensure_absent(ETH0, (), fail)
    ports.links.watch(ETH0, fail)
    ports.probes.start(HttpProbeConfig("http://192.0.2.1/"), SECOND, fail)
    ports.etcd.ask(servers, Look("k"), SECOND, fail)
    ports.commands.run(Command(("true",)), SECOND, fail)
    assert len(callers.kept) == 9
    for number, callback in enumerate(callers.kept):
        callback(None)  # type: ignore[operator]
        assert len(heard) == number + 1
    ports.clock.call_at(Nanoseconds(5), fail)
    callers.clock.run(1)
    assert [type(error) for error in heard] == [Defect] * 10
    assert ports.etcd.draw() == 42
    assert ports.clock.now() == SECOND


def test_an_order_is_guarded() -> None:
    heard = list[BaseException]()
    Guard(heard.append).run(fail)
    assert [type(error) for error in heard] == [Defect]


def a_guarded_node(cluster: Cluster) -> tuple[Node, list[BaseException]]:
    """Return a node as the daemon builds it: its first error ends it."""
    node = cluster.node(200, start=False)
    died: list[BaseException] = []

    def die(error: BaseException) -> None:
        died.append(error)
        node.host.connected = False

    ports = guarded_ports(node.host.ports(), Guard(die))
    journal = Journal(cluster.clock)
    configuration: Configuration = node.supervisor.configuration
    node.supervisor, node.journal = Supervisor(configuration, ports, journal), journal
    node.supervisor.start()
    return node, died


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, RecursionError, KeyboardInterrupt])
def test_an_error_in_a_step_of_the_election_ends_the_node_and_not_the_next_one(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    cluster = Cluster()
    node, died = a_guarded_node(cluster)
    other = cluster.node(100)
    cluster.run(10)
    assert (node.state, other.state) == ("MASTER", "BACKUP")

    def defect(*_: object) -> None:
        raise error

    monkeypatch.setattr(node.router, "take", defect)
    cluster.run(10)
    assert type(died[0]) is error
    assert other.state == "MASTER"


def test_a_packet_that_cannot_be_examined_is_counted_and_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster()
    node, died = a_guarded_node(cluster)
    cluster.run(10)

    def defect(*_: object) -> reception.Examined:
        raise ZeroDivisionError

    monkeypatch.setattr(interface, "examine", defect)
    for number in range(1000):
        node.host.hear(Family.IPV4, bytes((number % 256,)) * 30)
    cluster.run(1)
    assert died == []
    assert node.state == "MASTER"
    assert node.supervisor.interfaces[ETH0].counters.get("internal_errors") == 1000
    assert [event.text for event in node.events("internal_error")] == [
        "eth0: defect in pyvrrp: ZeroDivisionError while a packet was examined"
    ]


def test_an_advertisement_that_cannot_be_judged_is_counted_and_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster()
    node, died = a_guarded_node(cluster)
    cluster.run(10)
    better = Advertisement(
        version=Version.V3,
        vrid=51,
        priority=254,
        interval=SECOND,
        addresses=(IPv4Address("192.0.2.100"),),
    )
    stranger = IPv4Address("192.0.2.99")

    def defect(*_: object) -> reception.Accepted:
        raise ZeroDivisionError

    monkeypatch.setattr(link, "admit", defect)
    form = ChecksumForm.MESSAGE_ONLY
    node.host.hear(Family.IPV4, advertisement_packet(better, stranger, IPV4_GROUP, form))
    cluster.run(1)
    assert died == []
    assert node.state == "MASTER"
    assert node.supervisor.interfaces[ETH0].counters.get("internal_errors") == 1
