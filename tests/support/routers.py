"""Nodes with several interfaces, each on a segment of its own, and a group over all of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_interface

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.config.model.configuration import (
    CheckConfig,
    Configuration,
    HttpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, InterfaceAddress, Place, VirtualRouterId
from pyvrrp.ports import AddressLease, Claim, Done, InterfaceState, Ports
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.states import name
from tests.support.clock import FakeClock, FakeHandle
from tests.support.cluster import priority_of
from tests.support.world import (
    ETH0,
    FakeAdvertisementSocket,
    FakeAnnouncementSocket,
    FakeHost,
    Lan,
)

SIDES = ("lan", "wan")


class Machine:
    """One node: an interface for each segment, each with the kernel of its own fake host."""

    def __init__(self, hosts: dict[str, FakeHost]) -> None:
        self._hosts = hosts

    def ports(self) -> Ports:
        first = next(iter(self._hosts.values()))
        return replace(first.ports(), sockets=self, addresses=self, links=self)

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> FakeAdvertisementSocket:
        return self._hosts[place.interface].open_advertisements(
            ETH0, family, receive, multicast=multicast, unicast=unicast
        )

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> FakeAnnouncementSocket:
        return self._hosts[place.interface].open_announcements(ETH0, claimed)

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
        shapes: Shapes = (),
    ) -> None:
        self._hosts[place.interface].ensure_present(
            ETH0, addresses, lifetime, done, until=until, shapes=shapes
        )

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Each host's kernel renews what is its own; the answers come back together."""
        answers: dict[int, KernelError | None] = {}

        def note(position: int, errors: Sequence[KernelError | None]) -> None:
            answers[position] = errors[0]
            if len(answers) == len(leases):
                done([answers[number] for number in range(len(leases))])

        for position, lease in enumerate(leases):
            host = self._hosts[lease.place.interface]
            host.renew(netns, [replace(lease, place=ETH0)], partial(note, position))

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        self._hosts[place.interface].ensure_absent(ETH0, addresses, done)

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> FakeHandle:
        return self._hosts[place.interface].watch(ETH0, changed)


@dataclass
class GroupNode:
    """One node of the test."""

    hosts: dict[str, FakeHost]
    supervisor: Supervisor
    journal: Journal

    @property
    def members(self) -> list[Router]:
        return self.supervisor.routers

    @property
    def states(self) -> list[str]:
        return [name(member.state) for member in self.members]

    @property
    def reasons(self) -> list[str]:
        return [member.reporter.reason for member in self.members]

    def host(self, side: str) -> FakeHost:
        return self.hosts[side]

    def member(self, side: str) -> Router:
        return next(m for m in self.members if m.config.name == side)

    def events(self, wanted: str) -> list[JournalEvent]:
        return [event for event in self.journal.events() if event.name == wanted]

    def transitions(self, side: str) -> list[tuple[float, str, str]]:
        return [
            (
                round(e.at / SECOND, 6),
                f"{e.fields['from']}>{e.fields['to']}",
                str(e.fields["reason"]),
            )
            for e in self.events("transition")
            if e.virtual_router is not None and e.virtual_router.name == side
        ]

    def sent(self, side: str) -> list[tuple[float, int]]:
        """When it sent which priority there."""
        host = self.hosts[side]
        return [
            (round(at / SECOND, 6), priority_of(packet))
            for at, sender, packet in host.lan.sent
            if sender == host.name
        ]

    def connect(self, *sides: str, connected: bool = True) -> None:
        for side in sides or SIDES:
            self.hosts[side].connected = connected


@dataclass
class Site:
    """Several segments; each node has one virtual router in each, all of one group."""

    sides: Sequence[str] = SIDES
    clock: FakeClock = field(default_factory=FakeClock)
    routers: list[GroupNode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lans = {side: Lan(self.clock) for side in self.sides}

    def router(
        self,
        priority: int,
        *,
        checked: Sequence[str] = (),
        start: bool = True,
        backwards: bool = False,
        sides: Mapping[str, Mapping[str, object]] | None = None,
        resources: tuple[ResourceConfig, ...] = (),
        **changes: object,
    ) -> GroupNode:
        """Make a node; *sides* has what is special in one segment.

        *backwards* gives the first nodes the higher addresses, in the second segment only.
        """
        number = len(self.routers) + 1
        hosts: dict[str, FakeHost] = {}
        configs: list[VirtualRouterConfig] = []
        for net, side in enumerate(self.sides, start=1):
            own = 9 - number if backwards and net > 1 else number
            hosts[side] = FakeHost(f"n{number}", self.lans[side], f"10.0.{net}.{own}/24")
            config = VirtualRouterConfig(
                name=side,
                id=VirtualRouterId(Place("", side), Family.IPV4, 50 + net),
                addresses=(ip_interface(f"10.0.{net}.100/24"),),
                priority=priority,
                checks=("web",) if side in checked else (),
                group="edge",
            )
            special = {**changes, **(sides or {}).get(side, {})}
            configs.append(replace(config, **special))  # type: ignore[arg-type] # a shorthand
        check = CheckConfig("web", HttpProbeConfig("http://127.0.0.1/"))
        journal = Journal(self.clock)
        configuration = Configuration(
            f"n{number}", tuple(configs), (check,) if checked else (), resources=resources
        )
        router = GroupNode(
            hosts, Supervisor(configuration, Machine(hosts).ports(), journal), journal
        )
        self.routers.append(router)
        if start:
            router.supervisor.start()
        return router

    def run(self, seconds: float) -> None:
        self.clock.run(seconds)

    def holders(self, side: str) -> list[str]:
        net = list(self.sides).index(side) + 1
        address = f"10.0.{net}.100/24"
        return [f"n{n}" for n, r in enumerate(self.routers, 1) if r.hosts[side].holds(address)]

    def all_held_by(self) -> list[list[str]]:
        return [self.holders(side) for side in self.sides]
