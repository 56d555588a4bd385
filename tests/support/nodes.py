"""A cluster as its one configuration file describes it, on fakes; nodes die and come back."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface

from pyvrrp.config.parse import parse
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND
from tests.support.clock import FakeClock
from tests.support.world import FakeHost, Lan


@dataclass
class Node:
    host: FakeHost
    supervisor: Supervisor
    journal: Journal

    def router(self, name: str) -> Router:
        return next(i for i in self.supervisor.routers if i.config.name == name)

    def events(self, wanted: str) -> list[JournalEvent]:
        return [event for event in self.journal.events() if event.name == wanted]


@dataclass
class Nodes:
    """All nodes of one file, n1 at 192.0.2.1 and so on."""

    document: str
    names: Sequence[str]
    clock: FakeClock = field(default_factory=FakeClock)
    alive: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lan = Lan(self.clock)

    def __getitem__(self, name: str) -> Node:
        return self.alive[name]

    def boot(self, *names: str) -> None:
        """Start these nodes (all, if none is named), as after a power failure."""
        for name in names or self.names:
            configuration = parse(tomllib.loads(self.document), "file", node=name, hostname=name)
            host = FakeHost(name, self.lan, f"192.0.2.{self.names.index(name) + 1}/24")
            journal = Journal(self.clock)
            self.alive[name] = Node(host, Supervisor(configuration, host.ports(), journal), journal)
            self.alive[name].supervisor.start()

    def die(self, *names: str) -> None:
        """Power off."""
        for name in names:
            self.alive.pop(name).host.connected = False

    def leave(self, name: str) -> None:
        """Stop the daemon in order; the node is gone afterwards."""
        node = self.alive.pop(name)
        node.supervisor.stop(lambda: setattr(node.host, "connected", False))

    def run(self, seconds: float) -> None:
        self.clock.run(seconds)

    def holders(self, address: str) -> list[str]:
        wanted = ip_interface(address)
        return [name for name, node in self.alive.items() if wanted in node.host.held]

    def moves(self, address: str, since: float) -> list[tuple[float, str]]:
        """When which node had this address added, after *since* seconds."""
        found = [
            (at / SECOND, host.name)
            for host in self.lan.hosts
            for at, what, addresses, _ in host.requests
            if what in {"present", "renew"} and address in addresses and at / SECOND > since
        ]
        taken: list[tuple[float, str]] = []
        for at, name in sorted(found):
            # A renewal of the lease is no move.
            if not taken or taken[-1][1] != name:
                taken.append((at, name))
        return taken
