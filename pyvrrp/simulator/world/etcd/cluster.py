"""The etcd cluster of a world: requests to it and its answers may be lost or late."""

from dataclasses import dataclass, field
from random import Random

from pyvrrp.ports import EtcdAnswer, EtcdRequest
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd.store import EtcdStore
from pyvrrp.simulator.world.machine.clocks import MILLION
from pyvrrp.units import MILLISECOND

QUICKEST = MILLISECOND  # a request takes one to five of these, and so does its answer
_DRIFT_PPM = 500  # how fast the clock is by which leases end


@dataclass(slots=True)
class EtcdCluster:
    """One cluster for all nodes; ``losing``: the lost part of the messages of each node."""

    engine: Engine
    random: Random
    store: EtcdStore = field(default_factory=EtcdStore)
    losing: dict[str, float] = field(default_factory=dict)
    down: bool = False

    reached_since: int | None = 0  # by all nodes
    _up_since: int = 0
    _cut_until: dict[str, int] = field(default_factory=dict)  # by node; now or in the past

    def becomes(self, *, down: bool, losing: dict[str, float]) -> None:
        """Be down, or lose messages of some nodes, from now on."""
        if self.down and not down:
            # A new leader counts each lease from its beginning.
            self.store.begin_anew(self.now())
        if self.down:
            self._up_since = self.engine.now
        self._cut_until.update(dict.fromkeys(self.losing, self.engine.now))
        self.down, self.losing = down, losing
        well = not down and not losing
        self.reached_since = (self.reached_since or self.engine.now) if well else None

    def reached_by_since(self, node: str) -> int | None:
        """Return since when no message of *node* is lost; None: some are."""
        if self.down or node in self.losing:
            return None
        return max(self._up_since, self._cut_until.get(node, 0))

    def loses_some_of(self, node: str) -> bool:
        """Whether some messages of *node* arrive and some do not."""
        return 0.0 < self.losing.get(node, 0.0) < 1.0

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
