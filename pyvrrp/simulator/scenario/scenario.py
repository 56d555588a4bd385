"""What is simulated: nodes, clients, a network, and faults at times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.identity import Family, InterfaceAddress, Place
from pyvrrp.simulator.world.network import Cable
from pyvrrp.simulator.world.services import Health
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds


class Kind(StrEnum):
    """What can be done to a simulated world. What has a duration ends by itself."""

    CRASH = "crash"  # SIGKILL
    STOP = "stop"  # an orderly stop
    START = "start"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    RESIGN = "resign"
    PRIORITY = "priority"
    FREEZE = "freeze"  # SIGSTOP, then SIGCONT
    SUSPEND = "suspend"  # the whole machine
    LINK_DOWN = "link_down"
    PARTITION = "partition"
    LOSS = "loss"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    REFLECT = "reflect"  # a loop in the network: own frames come back
    KERNEL_SLOW = "kernel_slow"
    KERNEL_REFUSES = "kernel_refuses"
    SEND_REFUSED = "send_refused"
    SERVICE = "service"
    DELETE_ADDRESS = "delete_address"
    RECREATE_INTERFACE = "recreate_interface"
    WALL_STEP = "wall_step"
    INJECT = "inject"  # packets that are not wholly valid
    ETCD = "etcd"  # a node does not reach it; without a node: it is down
    FORGE = "forge"  # valid advertisements of a router that does not exist


class Direction(StrEnum):
    """Which frames of a link are meant, as its host sees them."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is done at *at* (true time). Which fields matter depends on the kind."""

    at: Nanoseconds
    kind: Kind
    node: str = ""
    duration: Nanoseconds = Nanoseconds(0)  # 0: for good, where the kind has a duration
    by: Nanoseconds = Nanoseconds(0)  # delays, wall-clock steps, periods of flapping
    chance: float = 0.0
    direction: Direction = Direction.BOTH
    groups: tuple[tuple[str, ...], ...] = ()
    one_way: bool = False
    health: Health = Health.ERROR_500
    check: str = ""  # empty: all checks of the node
    mutation: str = ""
    priority: int = 250
    interval: Nanoseconds = Nanoseconds(40_950 * MILLISECOND)
    count: int = 1
    hidden: bool = False  # suspend: the node's clock stands still too
    interface: str = ""  # empty: all of the node

    @property
    def ends(self) -> Nanoseconds:
        """When its effect on the world is over, or its beginning if it never ends."""
        return Nanoseconds(self.at + self.duration)


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One machine: what it runs, and how its clock goes. *own* are the operator's addresses."""

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

    *documents* holds the configuration of each node as written, for scenarios that are written
    out again.
    """

    nodes: tuple[NodeSpec, ...]
    clients: tuple[ClientSpec, ...] = ()
    faults: tuple[Fault, ...] = ()
    name: str = "scenario"
    description: str = ""
    seed: int = 0
    duration: Nanoseconds = Nanoseconds(60 * SECOND)
    cable: Cable = field(default_factory=Cable)
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


_ROOM = 64  # a network of fewer addresses is widened, so that all nodes find theirs


def own_addresses(
    configuration: Configuration, index: int
) -> Mapping[Place, tuple[InterfaceAddress, ...]]:
    """Return addresses for the *index*-th node's interfaces, near the virtual ones.

    IPv4: in the network of the first virtual address, counted up from its beginning, past virtual
    ones; a network of one address is widened. IPv6: link-local. Where peers are listed, it is the
    *index*-th of them.
    """
    found: dict[Place, dict[Family, InterfaceAddress]] = {}
    for router in configuration.virtual_routers:
        for link in router.links:
            by_family = found.setdefault(link.place, {})
            near = router.addresses[0]
            if index < len(link.peers):
                length = near.network.prefixlen
                by_family[router.id.family] = type(near)((int(link.peers[index]), length))
            elif router.id.family not in by_family:
                by_family[router.id.family] = _own(configuration, near, index)
    return {place: tuple(by_family.values()) for place, by_family in found.items()}


def _own(configuration: Configuration, near: InterfaceAddress, index: int) -> InterfaceAddress:
    if near.version == 6:  # noqa: PLR2004 - IPv6
        return type(near)(f"fe80::a:{index + 1:x}/64")
    network = near.network
    if network.num_addresses <= _ROOM:
        network = network.supernet(new_prefix=24)
    taken = {int(a.ip) for r in configuration.virtual_routers for a in r.addresses}
    left, number = index, int(network.network_address) + 1
    while number in taken or left:
        left -= number not in taken
        number += 1
    return type(near)((number, network.prefixlen))
