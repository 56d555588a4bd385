"""One virtual router on one node, as the judges see it."""

from dataclasses import dataclass, field
from enum import StrEnum

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, InterfaceAddress, Place, VirtualRouterId
from pyvrrp.simulator.judges.oracle import FenceClosings, SeenAdvertisement, TakeoverTime
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.virtual_router.states import Master


class OperatorOrder(StrEnum):
    """What an operator asks of a node."""

    STOP = "stop"
    DRAIN = "drain"
    RESIGN = "resign"


@dataclass(slots=True)
class PlannedMove:
    """A master was asked to step aside at *at*, by the node's clock *here*.

    ``successors`` could take over then: healthy, and backups for long enough.
    """

    wish: OperatorOrder
    at: int
    here: int
    successors: tuple["ObservedRouter", ...]


@dataclass(slots=True, eq=False)
class ObservedRouter:
    """One virtual router on one node. Instants are true time, but for those of the node's clock.

    ``rival_at`` and ``rival_due`` belong to the last losing advertisement that it heard as master.
    """

    node: SimulatedNode
    config: VirtualRouterConfig
    members: tuple["ObservedRouter", ...] = ()  # of its group on its node, itself included
    state: str = "INIT"
    state_since: int = 0
    held: dict[InterfaceAddress, int] = field(default_factory=dict)
    changed_at: int = 0
    lost: dict[InterfaceAddress, int] = field(default_factory=dict)
    unacknowledged: set[InterfaceAddress] = field(default_factory=set)
    patience: TakeoverTime = field(init=False)
    closings: FenceClosings = field(init=False)
    last_sent: int | None = None
    last_sent_here: int = 0  # node's clock
    last_positive: int | None = None  # node's clock, within this mastership
    last_release: int | None = None
    last_heard: int | None = None  # node's clock
    announced: dict[Address, int] = field(default_factory=dict)
    announced_here: int | None = None  # the last of any, by the node's clock
    rival_at: int | None = None
    rival_due: int = 0
    yielded_at: int = 0
    yielded_to: Address | None = None
    delivering: SeenAdvertisement | None = None
    lingers: bool = False  # a backup that still answers for its successor
    move: PlannedMove | None = None  # what the operator asked of this mastership
    drained: bool = False
    undrained_at: int = 0
    defers: bool = False  # resigned, and not master since
    state_before: tuple[object, ...] | None = None  # before an own advertisement that came back
    was_master: bool = False  # when the packet being delivered came
    operator: int | None = None  # priority that an operator gave it
    last_resort: bool = False  # serves although fenced
    resort_over_at: int = 0
    priority_since: int = 0
    overtaken_at: int | None = None  # as it let go, heard a better master, and has been silent
    overtaken_here: int = 0  # node's clock
    followed: bool = False  # by the sender of the packet being delivered, and waits for it

    def __post_init__(self) -> None:
        self.forget()

    def fence(self) -> tuple[str, ...]:
        """The checks that keep it from standing: those of all members of its group."""
        return tuple(dict.fromkeys(c for one in self.members for c in one.config.fence))

    @property
    def key(self) -> VirtualRouterId:
        """The virtual router."""
        return self.config.id

    @property
    def place(self) -> Place:
        """Its segment."""
        return self.config.id.place

    @property
    def who(self) -> str:
        """How reports call it."""
        return f"{self.node.name}/{self.config.name}"

    @property
    def priority(self) -> int:
        """The priority in force, as the daemon has said."""
        return self.patience.priority

    def forget(self) -> None:
        """A new daemon knows nothing of what an earlier one did."""
        self.state = "INIT"
        self.patience = TakeoverTime(self.config, priority=self.config.priority)
        self.operator = None
        self.last_resort = False
        self.priority_since = 0
        self.closings = FenceClosings(self.config.hold_down)
        self.last_sent = self.last_positive = self.last_release = self.last_heard = None
        self.rival_at = self.move = self.overtaken_at = None
        self.lingers = self.defers = False
        self.unacknowledged.clear()

    def own(self) -> tuple[Address, ...]:
        """The addresses that advertisements of this node can come from."""
        return tuple(a.ip for a in self.node.spec.own.get(self.place, ()))

    def is_master(self) -> bool:
        """Whether the daemon takes itself for master and is not leaving."""
        return any(
            instance.config is self.config and isinstance(instance.state, Master)
            for instance in self.node.routers()
        )

    def undrained(self, now: int) -> None:
        """It may take part again from now on."""
        self.drained = False
        self.undrained_at = now

    @property
    def handing_over(self) -> bool:
        """Whether it has given its mastership up and waits for a successor."""
        return self.leaving and not self.exclusive

    @property
    def leaving(self) -> bool:
        """Whether it is asked to let go, in whatever order, and still master on the wire."""
        return self.move is not None and self.state == "MASTER"

    @property
    def exclusive(self) -> bool:
        """Whether its group moves break before make."""
        return any(one.config.is_exclusive for one in self.members)

    def whole(self) -> bool:
        """Whether the kernel has all addresses."""
        return len(self.held) == len(self.config.addresses)
