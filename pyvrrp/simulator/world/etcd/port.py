"""The etcd cluster as one process reaches it."""

from collections.abc import Callable
from functools import partial

from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import Etcd, EtcdAnswer, EtcdRequest, Unanswered
from pyvrrp.simulator.world.etcd.cluster import EtcdCluster
from pyvrrp.simulator.world.machine.clocks import NodeTime
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.units import SECOND, Nanoseconds

_LATEST = 8 * SECOND  # how much later a request may be carried out that its client has given up
_CARRIED_OUT = 0.4  # the part of the unanswered requests that is carried out


class _RequestUnderWay:
    """One request under way."""

    __slots__ = ("done",)

    def __init__(self, done: Callable[[EtcdAnswer], None]) -> None:
        self.done: Callable[[EtcdAnswer], None] | None = done

    def cancel(self) -> None:
        """Forget it; the request still arrives."""
        self.done = None

    def tell(self, answer: EtcdAnswer) -> None:
        """Pass the answer on, once at most."""
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
        """Return a number that no other process has."""
        return self._cluster.random.getrandbits(62) + 1

    def ask(
        self,
        servers: EtcdServers,  # noqa: ARG002 - there is one cluster
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> _RequestUnderWay:
        """Ask the cluster."""
        under_way = _RequestUnderWay(done)
        cluster, engine = self._cluster, self._cluster.engine
        if cluster.arrives(self._node):
            engine.after(cluster.delay(), self._arrive, request, under_way)
        elif cluster.random.random() < _CARRIED_OUT and not cluster.down:
            late = int(cluster.random.random() * _LATEST)
            engine.after(late, self._arrive_late, request)
        over = self._time.true_time(Nanoseconds(self._time.now() + timeout))
        late_answer = Unanswered("http://etcd:2379: no answer")
        engine.at(max(over, engine.now + 1), self._give_up, under_way, late_answer)
        return under_way

    def _give_up(self, under_way: _RequestUnderWay, answer: EtcdAnswer) -> None:
        self._process.timer(partial(under_way.tell, answer))

    def _arrive(self, request: EtcdRequest, under_way: _RequestUnderWay) -> None:
        cluster = self._cluster
        if cluster.down:
            return
        answer = cluster.carry_out(request)
        if cluster.arrives(self._node):
            cluster.engine.after(cluster.delay(), self._process.io, under_way.tell, answer)

    def _arrive_late(self, request: EtcdRequest) -> None:
        if not self._cluster.down:
            self._cluster.carry_out(request)
