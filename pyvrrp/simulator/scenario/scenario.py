"""What is simulated: nodes, clients, a network, and faults at times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.simulator.scenario.fault import Fault
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds


@dataclass(frozen=True, slots=True)
class NetworkDelay:
    """The ordinary delay from host to host: a fixed part and a random part."""

    delay: Nanoseconds = Nanoseconds(100 * MICROSECOND)
    jitter: Nanoseconds = Nanoseconds(50 * MICROSECOND)

    @property
    def longest(self) -> Nanoseconds:
        """The longest an ordinary frame takes."""
        return Nanoseconds(self.delay + self.jitter)


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One machine: its configuration and its clock. *own* are the operator's addresses."""

    name: str
    configuration: Configuration
    own: Mapping[Place, tuple[InterfaceAddress, ...]]
    start: Nanoseconds = Nanoseconds(0)
    offset: Nanoseconds = Nanoseconds(0)
    drift_ppm: int = 0
    switch: int = 0


@dataclass(frozen=True, slots=True)
class ClientSpec:
    """One client on one segment; it sends to every virtual address there, once a *period*."""

    name: str
    interface: str
    netns: str = ""
    period: Nanoseconds = Nanoseconds(200 * MILLISECOND)
    switch: int = 0

    @property
    def place(self) -> Place:
        """The segment, named as the nodes name their interface on it."""
        return Place(self.netns, self.interface)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulated world and what happens to it. Everything follows from these values.

    *documents* has the configuration of each node as it was written, so that the scenario can be
    written to a file.
    """

    nodes: tuple[NodeSpec, ...]
    clients: tuple[ClientSpec, ...] = ()
    faults: tuple[Fault, ...] = ()
    name: str = "scenario"
    description: str = ""
    seed: int = 0
    duration: Nanoseconds = Nanoseconds(60 * SECOND)
    network_delay: NetworkDelay = field(default_factory=NetworkDelay)
    kernel_delay: Nanoseconds = Nanoseconds(2 * MILLISECOND)
    documents: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def places(self) -> tuple[Place, ...]:
        """Return the segments, in the order in which the nodes name them."""
        named = {
            link.place: None
            for node in self.nodes
            for router in node.configuration.virtual_routers
            for link in router.links
        }
        return tuple(named)
