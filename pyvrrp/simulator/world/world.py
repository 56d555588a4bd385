"""A simulated world: machines, switches, clients and time."""

from random import Random

from pyvrrp.identity import Place, VirtualRouterId
from pyvrrp.simulator.scenario.scenario import ClientSpec, NodeSpec, Scenario
from pyvrrp.simulator.world.changes import Changes
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd.cluster import EtcdCluster
from pyvrrp.simulator.world.machine.kernel import SimulatedInterface
from pyvrrp.simulator.world.network.client import SimulatedClient
from pyvrrp.simulator.world.network.owners import AddressOwners
from pyvrrp.simulator.world.network.segment import HostLink, SimulatedSegment, Station
from pyvrrp.simulator.world.network.sockets import NetworkCard, TrafficObserver
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.observer import WorldObserver
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.units import MILLISECOND


class World:
    """All machines, segments and clients of one scenario."""

    def __init__(self, scenario: Scenario, engine: Engine, trace: Trace) -> None:
        self.scenario = scenario
        self.engine = engine
        self.trace = trace
        self.observer = WorldObserver()
        self.etcd = EtcdCluster(engine, self._random("etcd"))
        self.sent: dict[VirtualRouterId, bytes] = {}  # the newest advertisement of each
        self._changes = Changes()
        self.segments = {
            place: SimulatedSegment(
                engine, self._random(f"wire {place}"), scenario.network_delay, self._changes
            )
            for place in scenario.places()
        }
        self.nodes: dict[str, SimulatedNode] = {}
        self.clients: dict[Place, dict[str, SimulatedClient]] = {p: {} for p in self.segments}
        for index, spec in enumerate(scenario.nodes):
            self.nodes[spec.name] = self._node(spec, index)
        for index, client in enumerate(scenario.clients):
            self.clients[client.place][client.name] = self._client(client, index)

    def observe(self, observer: WorldObserver) -> None:
        """Tell *observer* what happens from now on, instead of another one."""
        self.observer = observer
        for node in self.nodes.values():
            node.observe(observer)

    def begin(self) -> None:
        """Plan the starts of the nodes and the first packets of the clients."""
        for spec in self.scenario.nodes:
            self.engine.at(spec.start, self.start, spec.name)
        for index, spec_of in enumerate(self.scenario.clients):
            client = self.clients[spec_of.place][spec_of.name]
            self.engine.at(index * MILLISECOND, self._send, client)

    def start(self, name: str) -> None:
        """Start the daemon of a node, unless there is one or the machine is suspended."""
        node = self.nodes[name]
        if node.alive or node.kernel.suspended:
            return
        self.trace.note(name, "start", "daemon starts")
        self.observer.daemon_starting(node)
        node.start()
        self.observer.facts_changed()

    def _random(self, what: str) -> Random:
        return Random(f"{self.scenario.seed} {what}")  # noqa: S311 - a simulation, not a secret

    def _node(self, spec: NodeSpec, index: int) -> SimulatedNode:
        node = SimulatedNode(
            spec,
            self.engine,
            self._random(f"node {spec.name}"),
            self._random(f"resources {spec.name}"),
            self.scenario.kernel_delay,
            self.etcd,
            self._changes,
            self.trace,
            self.observer,
        )
        for number, (place, own) in enumerate(spec.own.items()):
            mac = bytes((2, 0, 0, number, 0, index + 1))
            node.kernel.interfaces[place] = SimulatedInterface(place, mac, own, index=2 + number)
            segment = self.segments[place]
            card = NetworkCard(
                spec.name, place, node.kernel, segment, self.sent, self.trace, TrafficObserver()
            )
            node.cards[place] = card
            segment.attach(Station(spec.name, spec.switch, HostLink(), card.packet, card.frame))
        return node

    def _client(self, spec: ClientSpec, index: int) -> SimulatedClient:
        segment = self.segments[spec.place]
        addresses = {
            address: None
            for node in self.scenario.nodes
            for config in node.configuration.virtual_routers
            if config.id.place == spec.place
            for address in config.addresses
        }
        kernels = {n.name: n.kernel for n in self.nodes.values() if spec.place in n.cards}
        client = SimulatedClient(
            spec.name,
            bytes((2, 0, 0, 0xC, 0, index + 1)),
            spec.place,
            int(spec.period),
            segment,
            AddressOwners(spec.place, kernels),
            tuple(addresses),
            self._random(f"client {spec.name}"),
            self._changes,
        )
        segment.attach(Station(spec.name, spec.switch, HostLink(), None, client.frame))
        return client

    def _send(self, client: SimulatedClient) -> None:
        changes = client.send(self.engine.now)
        for address, who in changes:
            said = f"{address} does not answer" if who is None else f"{address} answers: {who}"
            self.trace.note(client.name, "client", said, address=str(address), answered_by=who)
        self.observer.client_sent(client, changed=bool(changes))
        self.engine.after(client.period, self._send, client)
