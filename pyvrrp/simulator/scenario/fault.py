"""The faults and orders that a scenario can have."""

from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.units import MILLISECOND, Nanoseconds

# What is wrong with an advertisement that is injected.
MUTATION_NAMES = (
    *("ttl", "checksum", "short", "long", "version", "type", "interval", "count", "vrid", "noise"),
)


class FaultKind(StrEnum):
    """What can be done to a simulated world. A fault with a duration ends by itself."""

    CRASH = "crash"  # SIGKILL, or an error in the election
    STOP = "stop"  # an orderly stop
    START = "start"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    RESIGN = "resign"
    UNDO_RESIGN = "undo_resign"
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
    CHANGE_MAC = "change_mac"  # the interface gets another hardware address
    WALL_STEP = "wall_step"
    INJECT = "inject"  # invalid packets
    ETCD = "etcd"  # a node does not reach it; without a node: it is down
    FOREIGN = "foreign"  # a router in another version advertises the addresses
    FORGE = "forge"  # valid advertisements of a router that does not exist


class Direction(StrEnum):
    """The frames of a link that are meant, seen from its host."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class ServiceHealth(StrEnum):
    """How a service answers."""

    OK = "ok"
    ERROR_500 = "500"
    REFUSED = "refused"
    HANG = "hang"
    SLOW = "slow"  # after ``delay``
    FLAPPING = "flapping"  # fails for ``delay``, answers for ``delay``, and so on
    STUCK = "stuck"  # it answers, but the prober never reports it


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault or order at *at* (true time). Which fields are used depends on the kind."""

    at: Nanoseconds
    kind: FaultKind
    node: str = ""
    duration: Nanoseconds = Nanoseconds(0)  # 0: it does not end, where the kind has a duration
    by: Nanoseconds = Nanoseconds(0)  # delays, wall-clock steps, periods of flapping
    chance: float = 0.0
    direction: Direction = Direction.BOTH
    groups: tuple[tuple[str, ...], ...] = ()
    one_way: bool = False
    health: ServiceHealth = ServiceHealth.ERROR_500
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
