"""One node, its interfaces and its checks, as the judges see them."""

from dataclasses import dataclass, field

from pyvrrp.simulator.judges.observed.check_record import CheckRecord
from pyvrrp.simulator.judges.observed.since import kept, latest
from pyvrrp.simulator.world.machine.clocks import NodeTime
from pyvrrp.simulator.world.machine.services import SimulatedService
from pyvrrp.simulator.world.network.sockets import NetworkCard
from pyvrrp.simulator.world.node import SimulatedNode


@dataclass(slots=True, eq=False)
class ObservedCheck:
    """One check of a node: what its service does, and which results the daemon was given."""

    service: SimulatedService
    record: CheckRecord
    good_since: int | None = None  # every probe passes
    bad_since: int | None = None  # no probe passes

    def refresh(self, now: int) -> None:
        """Update the facts about the service."""
        self.good_since = kept(self.good_since, holds=self.service.good, since=now)
        # The count starts again when the prober gets stuck or works again.
        self.bad_since = self.service.since if self.service.bad else None


@dataclass(slots=True, eq=False)
class ObservedNode:
    """One node. ``away``: why no daemon runs; ``away_at``: since when, in kernel time."""

    simulated: SimulatedNode
    checks: dict[str, ObservedCheck]
    name: str = field(init=False)
    time: NodeTime = field(init=False)
    running_since: int | None = None
    awake_since: int | None = None  # like running, but also during an orderly stop
    powered_since: int | None = None  # the machine is not suspended
    started_at: int = 0  # its last daemon
    away: str = ""  # "dead" or "stopped"
    away_at: int = 0

    def __post_init__(self) -> None:
        self.name = self.simulated.name
        self.time = self.simulated.time

    def refresh(self, now: int) -> None:
        """Update the facts about the machine."""
        node = self.simulated
        running = node.running
        self.running_since = kept(
            self.running_since, holds=running and not node.stopping, since=now
        )
        self.awake_since = kept(self.awake_since, holds=running, since=now)
        self.powered_since = kept(self.powered_since, holds=not node.kernel.suspended, since=now)
        away = "" if running else "stopped" if node.alive else "dead"
        if away != self.away:
            self.away, self.away_at = away, node.time.kernel_now()
        for check in self.checks.values():
            check.refresh(now)

    def last_instant_of(self, here: int) -> int:
        """Return the last true instant at which its clock does not show more than *here*."""
        return self.time.true_time(here + 1) - 1


@dataclass(slots=True, eq=False)
class ObservedInterface:
    """One interface of a node."""

    node: ObservedNode
    card: NetworkCard
    sound_since: int | None = None  # kernel and interface do as they are asked
    linked_since: int | None = None  # it is there, with a carrier
    sends_since: int | None = None
    ready_since: int | None = None  # it is sound and sends, and no effects of faults are left
    refused_since: int | None = None  # it is there, and nothing can be sent on it

    def refresh(self, now: int, until: int) -> bool:
        """Update the facts; *until*: when the effects of faults on the node are over.

        Return whether sending has become possible or impossible.
        """
        kernel = self.node.simulated.kernel
        interface = kernel.interfaces[self.card.place]
        refuses = self.card.refuses
        sound = (
            not kernel.suspended
            and not kernel.refuses
            and not kernel.slower_by
            and interface.exists
            and interface.up
        )
        self.sound_since = kept(self.sound_since, holds=sound, since=max(now, until))
        linked = not kernel.suspended and interface.exists and interface.up
        self.linked_since = kept(self.linked_since, holds=linked, since=now)
        sends = interface.exists and not refuses
        self.sends_since = kept(self.sends_since, holds=sends, since=now)
        # After a refusal the daemon stays out for a while.
        self.ready_since = kept(self.ready_since, holds=sound and sends, since=max(now, until))
        changes = refuses is (self.refused_since is None)
        self.refused_since = kept(self.refused_since, holds=refuses, since=now)
        return changes

    def well_since(self) -> int | None:
        """Return since when the node's daemon runs on a sound kernel and can send."""
        return latest((self.node.running_since, self.ready_since))
