"""The etcd cluster that simulated nodes reach, or do not: requests and answers get lost or late."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import Etcd, EtcdAnswer, EtcdRequest, Unanswered
from pyvrrp.simulator.world.clocks import MILLION, NodeTime
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd_store import EtcdStore
from pyvrrp.simulator.world.process import SimulatedProcess
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

QUICKEST = MILLISECOND  # a request takes one to five of these, and so does its answer
_DRIFT_PPM = 500  # the clock by which leases end is fast
_LATEST = 8 * SECOND  # what a client has given up may be carried out so much later
_CARRIED_OUT = 0.4  # of the requests that seem lost: nobody says so


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
            # Whoever leads then counts each lease anew.
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


class _Errand:
    """One request under way."""

    __slots__ = ("done",)

    def __init__(self, done: Callable[[EtcdAnswer], None]) -> None:
        self.done: Callable[[EtcdAnswer], None] | None = done

    def cancel(self) -> None:
        """Forget it; what is on its way still arrives."""
        self.done = None

    def tell(self, answer: EtcdAnswer) -> None:
        """Tell, once at most."""
        done, self.done = self.done, None
        if done is not None:
            done(answer)


class ProcessEtcd(Etcd):
    """The etcd port of one process."""

    def __init__(
        self, node: str, time: NodeTime, process: SimulatedProcess, cluster: EtcdCluster
    ) -> None:
        self._node = node
        self._time = time
        self._process = process
        self._cluster = cluster

    def draw(self) -> int:
        """Return a number that nobody else has."""
        return self._cluster.random.getrandbits(62) + 1

    def ask(
        self,
        servers: EtcdServers,  # noqa: ARG002 - there is one cluster
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> _Errand:
        """Ask the cluster."""
        errand = _Errand(done)
        cluster, engine = self._cluster, self._cluster.engine
        if cluster.arrives(self._node):
            engine.at(engine.now + cluster.delay(), partial(self._arrive, request, errand))
        elif cluster.random.random() < _CARRIED_OUT and not cluster.down:
            late = int(cluster.random.random() * _LATEST)
            engine.at(engine.now + late, partial(self._arrive_late, request))
        over = self._time.true_time(Nanoseconds(self._time.now() + timeout))
        late_answer = Unanswered("http://etcd:2379: no answer")
        engine.at(max(over, engine.now + 1), partial(self._give_up, errand, late_answer))
        return errand

    def _give_up(self, errand: _Errand, answer: EtcdAnswer) -> None:
        self._process.timer(partial(errand.tell, answer))

    def _arrive(self, request: EtcdRequest, errand: _Errand) -> None:
        if self._cluster.down:
            return
        answer = self._cluster.carry_out(request)
        if self._cluster.arrives(self._node):
            engine = self._cluster.engine
            engine.at(engine.now + self._cluster.delay(), partial(self._answered, errand, answer))

    def _arrive_late(self, request: EtcdRequest) -> None:
        if not self._cluster.down:
            self._cluster.carry_out(request)

    def _answered(self, errand: _Errand, answer: EtcdAnswer) -> None:
        self._process.io(partial(errand.tell, answer))
