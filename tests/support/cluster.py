"""Whole nodes on fakes: the real runtime and the real core of several nodes on one segment."""

from dataclasses import dataclass, field, replace
from ipaddress import ip_interface

from pyvrrp.config.model.configuration import (
    CheckConfig,
    Configuration,
    EtcdLease,
    EtcdServers,
    HttpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.identity import Family, Version, VirtualRouterId
from pyvrrp.packet.reception import Discarded, examine
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.router.concern import Concern
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import name
from tests.support.clock import FakeClock
from tests.support.world import ETH0, FakeHost, Lan

VIP = "192.0.2.100/24"
KEY = "pyvrrp/192.0.2.100"
LEASE = EtcdLease(
    check="cluster",
    servers=EtcdServers(("http://192.0.2.50:2379",)),
    key=KEY,
    ttl=10,
    interval=Nanoseconds(2 * SECOND),
    timeout=SECOND,
)


@dataclass
class Node:
    host: FakeHost
    supervisor: Supervisor
    journal: Journal

    @property
    def router(self) -> Router:
        return self.supervisor.routers[0]

    def concern(self, name_of_concern: str) -> Concern:
        return next(one for one in self.router.concerns if one.name == name_of_concern)

    @property
    def state(self) -> str:
        return name(self.router.state)

    def transitions(self) -> list[tuple[float, str, str]]:
        return [
            (
                round(e.at / SECOND, 6),
                f"{e.fields['from']}>{e.fields['to']}",
                str(e.fields["reason"]),
            )
            for e in self.journal.events()
            if e.name == "transition"
        ]

    def events(self, wanted: str) -> list[JournalEvent]:
        return [event for event in self.journal.events() if event.name == wanted]

    def count(self, counter: str) -> int:
        return self.router.counters.get(counter)

    def advertisements(self) -> list[tuple[float, int]]:
        """When it sent which priority."""
        return [
            (round(at / SECOND, 6), priority_of(packet))
            for at, sender, packet in self.host.lan.sent
            if sender == self.host.name
        ]

    def set_service(self, result: ProbeResult | None) -> None:
        self.host.service = lambda: result


def priority_of(packet: bytes) -> int:
    family = Family.IPV4 if packet[0] >> 4 == 4 else Family.IPV6
    examined = examine(packet, family)
    assert not isinstance(examined, Discarded), examined
    return examined.advertisement.priority


@dataclass
class Cluster:
    clock: FakeClock = field(default_factory=FakeClock)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lan = Lan(self.clock)

    def node(
        self,
        priority: int,
        *,
        primary: str = "",
        addresses: tuple[str, ...] = (VIP,),
        fenced: bool = False,
        leased: bool = False,
        policy: CheckPolicy | None = None,
        start: bool = True,
        resources: tuple[ResourceConfig, ...] = (),
        **changes: object,
    ) -> Node:
        number = len(self.nodes) + 1
        primary = primary or f"192.0.2.{number}/24"
        first = ip_interface(addresses[0])
        family = Family.IPV4 if first.version == 4 else Family.IPV6
        config = VirtualRouterConfig(
            name="web",
            id=VirtualRouterId(ETH0, family, 51),
            addresses=tuple(ip_interface(a) for a in addresses),
            priority=priority,
            checks=("web",) if fenced else (),
            etcd_lease=LEASE if leased else None,
        )
        config = replace(config, **changes)  # type: ignore[arg-type] # a test's shorthand
        if config.version is Version.V2:
            config = replace(config, max_learned_interval=config.advertisement_interval)
        check = CheckConfig("web", HttpProbeConfig("http://127.0.0.1/"), policy or CheckPolicy())
        host = FakeHost(f"n{number}", self.lan, primary)
        journal = Journal(self.clock)
        config = replace(config, resources=tuple(one.name for one in resources))
        configuration = Configuration(
            host.name, (config,), (check,) if fenced else (), resources=resources
        )
        node = Node(host, Supervisor(configuration, host.ports(), journal), journal)
        self.nodes.append(node)
        if start:
            node.supervisor.start()
        return node

    def other_vrid(self, vrid: int, addresses: tuple[str, ...] = (VIP,)) -> Node:
        """Add a node of somebody else's cluster."""
        other = VirtualRouterId(ETH0, Family.IPV4, vrid)
        return self.node(100, addresses=addresses, id=other)

    def run(self, seconds: float) -> None:
        self.clock.run(seconds)

    def masters(self) -> list[str]:
        return [node.host.name for node in self.nodes if node.state == "MASTER"]

    def holders(self, address: str = VIP) -> list[str]:
        return [node.host.name for node in self.nodes if node.host.holds(address)]
