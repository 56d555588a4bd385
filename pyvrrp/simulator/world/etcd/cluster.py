"""The etcd cluster that simulated nodes reach, or do not: requests and answers get lost or late."""

from dataclasses import dataclass, field
from random import Random

from pyvrrp.ports import EtcdAnswer, EtcdRequest
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd.store import EtcdStore
from pyvrrp.simulator.world.machine.clocks import MILLION
from pyvrrp.units import MILLISECOND

QUICKEST = MILLISECOND  # a request takes one to five of these, and so does its answer
_DRIFT_PPM = 500  # the clock by which leases end is fast


@dataclass(slots=True)
class EtcdCluster:
    """One cluster for all nodes of a world; ``losing`` is the part of a node's messages lost."""

    engine: Engine
    random: Random
    store: EtcdStore = field(default_factory=EtcdStore)
    losing: dict[str, float] = field(default_factory=dict)
    down: bool = False

    reached_since: int | None = 0  # by all nodes

    def becomes(self, *, down: bool, losing: dict[str, float]) -> None:
        """Be down, or not reached by some, from now on."""
        if self.down and not down:
            # The new leader counts each lease anew.
            self.store.begin_anew(self.now())
        self.down, self.losing = down, losing
        well = not down and not losing
        self.reached_since = (self.reached_since or self.engine.now) if well else None

    def now(self) -> int:
        """Return the time by which leases end."""
        return self.engine.now * (MILLION + _DRIFT_PPM) // MILLION

    def arrives(self, node: str) -> bool:
        """Draw whether one message from or to *node* arrives."""
        return not self.down and self.random.random() >= self.losing.get(node, 0.0)

    def delay(self) -> int:
        """Return how long one way takes now."""
        return int((1 + 4 * self.random.random()) * QUICKEST)

    def carry_out(self, request: EtcdRequest) -> EtcdAnswer:
        """Apply one request."""
        return self.store.apply(request, self.now())
