"""One virtual router on one node, as the judges see it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, InterfaceAddress, VirtualRouterId
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.simulator.judges.observed.check_record import CheckRecord
from pyvrrp.simulator.judges.observed.fence_closings import FenceClosings
from pyvrrp.simulator.judges.observed.node import ObservedInterface, ObservedNode
from pyvrrp.simulator.judges.observed.since import latest
from pyvrrp.simulator.judges.observed.takeover_time import TakeoverTime
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement
from pyvrrp.virtual_router.states import Master


@dataclass(slots=True)
class AskedMove:
    """The order to step aside that a master received at *at*, by the node's clock *here*.

    ``successors`` could take over then: they were healthy, and backups for long enough.
    """

    order: FaultKind  # to stop, to drain or to resign
    at: int
    here: int
    successors: tuple["ObservedRouter", ...]


@dataclass(slots=True)
class KilledMaster:
    """A daemon with a guardian was killed at *at* while this router could be handed over.

    ``successors`` could take over then.
    """

    at: int
    successors: tuple["ObservedRouter", ...]


@dataclass(slots=True, eq=False)
class ObservedRouter:
    """One virtual router on one node. Instants are true time, but for those of the node's clock.

    ``rival_at`` and ``rival_due`` belong to the last losing advertisement that it heard as master.
    """

    node: ObservedNode
    interface: ObservedInterface
    config: VirtualRouterConfig
    own: tuple[Address, ...]  # the addresses that advertisements of this node can come from
    members: tuple["ObservedRouter", ...] = ()  # of its group on its node, itself included
    fence: tuple[str, ...] = ()  # the checks that can close its fence: those of all its members
    exclusive: bool = False  # whether its group takes addresses off before others get them
    chained: bool = False  # whether its group has resources
    id: VirtualRouterId = field(init=False)
    who: str = field(init=False)  # its name in reports
    here: Callable[[], int] = field(init=False)  # its node's clock
    state: str = "INIT"
    state_since: int = 0
    held: dict[InterfaceAddress, int] = field(default_factory=dict)
    changed_at: int = 0
    lost: dict[InterfaceAddress, int] = field(default_factory=dict)
    unacknowledged: set[InterfaceAddress] = field(default_factory=set)
    takeover: TakeoverTime = field(init=False)
    closings: FenceClosings = field(init=False)
    failures: FenceClosings = field(init=False)  # of its resources
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
    heard: SeenAdvertisement | None = None  # the last that came to its socket as a backup
    heard_at: int = 0  # node's clock
    foreign: Address | None = None  # the last router that it could not accept
    foreign_until: int = 0  # when a router that it cannot accept counts no longer, node's clock
    lingers: bool = False  # a backup that still has the addresses until its successor answers
    move: AskedMove | None = None  # the last order of an operator while it is master
    ordered_at: int | None = None  # when the newest order of an operator was received
    killed: KilledMaster | None = None  # the death after which its guardian hands over
    drained: bool = False
    resigned: bool = False  # and not MASTER since: it must preempt nobody
    undrained_at: int = 0
    state_before: tuple[object, ...] | None = (
        None  # before it read an own advertisement that came back
    )
    was_master: bool = False  # before the packet that is being read
    operator: int | None = None  # priority that an operator gave it
    last_resort: bool = False  # serves although fenced
    resort_over_at: int = 0
    priority_since: int = 0
    overtaken_at: int | None = None  # when it heard a better master while it was letting go
    overtaken_here: int = 0  # node's clock
    followed: bool = False  # the sender of the packet that is being read has taken over
    _running: Router | None = None
    _supervisor: Supervisor | None = None

    def __post_init__(self) -> None:
        self.id = self.config.id
        self.who = f"{self.node.name}/{self.config.name}"
        self.here = self.node.time.now
        self.forget()

    def join(self, members: tuple["ObservedRouter", ...]) -> None:
        """Record the *members* of its group, itself included; none: it is in no group."""
        self.members = members or (self,)
        self.fence = tuple(dict.fromkeys(c for one in self.members for c in one.config.fence))
        self.exclusive = any(one.config.is_exclusive for one in self.members)
        self.chained = any(one.config.resources for one in self.members)

    @property
    def priority(self) -> int:
        """The priority in force, as the daemon has reported."""
        return self.takeover.priority

    def forget(self) -> None:
        """Reset what a new daemon does not know of the process before it."""
        self.state = "INIT"
        self.takeover = TakeoverTime(self.config, priority=self.config.priority)
        self.operator = None
        self.last_resort = False
        self.priority_since = 0
        self.closings = FenceClosings(self.config.hold_down)
        self.failures = FenceClosings(self.config.hold_down)
        self.last_sent = self.last_positive = self.last_release = self.last_heard = None
        self.resigned = False
        self.foreign_until = 0
        self.rival_at = self.move = self.overtaken_at = None
        self.lingers = False
        self.heard = None
        self.unacknowledged.clear()

    def running(self) -> Router | None:
        """Return the virtual router of the running daemon; None: there is no daemon."""
        node = self.node.simulated
        if not node.alive:
            return None
        if self._running is None or node.supervisor is not self._supervisor:
            self._supervisor = node.supervisor
            routers = (one for one in node.routers() if one.config is self.config)
            self._running = next(routers, None)
        return self._running

    def is_master(self) -> bool:
        """Whether the daemon is in state MASTER and is not leaving it."""
        running = self.running()
        return running is not None and isinstance(running.state, Master)

    def handing_over(self) -> bool:
        """Whether it has given up being master and waits for a successor."""
        return self.leaving() and not self.exclusive

    def leaving(self) -> bool:
        """Whether it was ordered to let go and other routers still see it as master."""
        return self.move is not None and self.state == "MASTER"

    def holds_all(self) -> bool:
        """Whether the kernel has all addresses."""
        return len(self.held) == len(self.config.addresses)

    def checks(self) -> tuple[CheckRecord, ...]:
        """Return the checks of its group, with the results that this process was given."""
        return tuple(self.node.checks[check].record for check in self.fence)

    def healthy_since(self) -> int | None:
        """Return since when every probe of the checks of its group passes."""
        return latest(self.node.checks[check].good_since for check in self.fence)
