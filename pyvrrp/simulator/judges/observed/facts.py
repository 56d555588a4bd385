"""What is true in a simulated world, and since when: what invariants are judged by.

A fact is the instant since which it has held without a break, or None. Two hosts hear each other
when every frame between them arrives within the ordinary delay. A node is well when its daemon
runs and its kernel does what it is asked within the ordinary time.
"""

from collections.abc import Iterable

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Place, VirtualRouterId
from pyvrrp.runtime.etcd_lease.records import author_of
from pyvrrp.simulator.judges.observed.check_record import CheckRecord
from pyvrrp.simulator.judges.observed.disturbances import Disturbances
from pyvrrp.simulator.judges.observed.node import ObservedCheck, ObservedInterface, ObservedNode
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.segment import ObservedSegment
from pyvrrp.simulator.judges.observed.since import latest
from pyvrrp.simulator.world.etcd.cluster import EtcdCluster
from pyvrrp.simulator.world.network.seen_advertisement import router_key
from pyvrrp.simulator.world.network.sockets import NetworkCard
from pyvrrp.simulator.world.world import World


class Facts:
    """Everything the judges look at.

    ``version`` increases with each change that can make a rule about something lasting be broken
    earlier.
    """

    def __init__(self, world: World) -> None:
        self.version = 0
        self.nodes: dict[str, ObservedNode] = {}
        self.segments: dict[Place, ObservedSegment] = {
            place: ObservedSegment(place, segment, {}, world.clients[place])
            for place, segment in world.segments.items()
        }
        self.routers: list[ObservedRouter] = []
        self.by_id: dict[VirtualRouterId, list[ObservedRouter]] = {}
        self.on_node: dict[str, list[ObservedRouter]] = {}
        self.on_card: dict[NetworkCard, dict[int, ObservedRouter]] = {}
        self.interfaces: dict[tuple[str, Place], ObservedInterface] = {}
        self.etcd: EtcdCluster = world.etcd
        for node in world.nodes.values():
            checks = {
                check.name: ObservedCheck(node.services[check.name], CheckRecord(check))
                for check in node.spec.configuration.checks
            }
            observed = ObservedNode(node, checks)
            self.nodes[node.name] = observed
            self.on_node[node.name] = []
            for place, card in node.cards.items():
                interface = ObservedInterface(observed, card)
                self.interfaces[node.name, place] = interface
                self.segments[place].interfaces[node.name] = interface
                self.on_card[card] = {}
            for config in node.spec.configuration.virtual_routers:
                self._add(observed, config)
        for router in self.routers:
            near, group = self.on_node[router.node.name], router.config.group
            router.join(tuple(one for one in near if one.config.group == group) if group else ())

    def _add(self, node: ObservedNode, config: VirtualRouterConfig) -> None:
        place = config.id.place
        interface = self.interfaces[node.name, place]
        own = tuple(address.ip for address in node.simulated.spec.own.get(place, ()))
        router = ObservedRouter(node, interface, config, own)
        self.routers.append(router)
        self.by_id.setdefault(config.id, []).append(router)
        self.on_node[node.name].append(router)
        self.on_card[interface.card][router_key(config.id.family, config.id.vrid)] = router

    def refresh(self, now: int, disturbances: Disturbances) -> None:
        """Update everything. It is called after each fault begins or ends."""
        self.version += 1
        felt_until = disturbances.felt_until
        for node in self.nodes.values():
            node.refresh(now)
        for (name, _), interface in self.interfaces.items():
            if interface.refresh(now, felt_until.get(name, 0)):
                # Sending became possible or impossible: the last advertisement counts no more.
                for router in self.on_card[interface.card].values():
                    router.last_positive = None
        for segment in self.segments.values():
            segment.refresh(now, felt_until, disturbances.disturbed_until)

    @property
    def etcd_reached_since(self) -> int | None:
        """Since when every node reaches etcd."""
        return self.etcd.reached_since

    def reaches_etcd_since(self, router: ObservedRouter) -> int | None:
        """Since when its node reaches etcd, if it needs a key there."""
        if not any(one.config.etcd_lease for one in router.members):
            return 0
        return self.etcd.reached_by_since(router.node.name)

    def at(self, node: str, place: Place) -> Iterable[ObservedRouter]:
        """Return the virtual routers on one interface of a node."""
        return self.on_card[self.interfaces[node, place].card].values()

    def able_since(self, router: ObservedRouter) -> int | None:
        """Return since when its node is well on the segments of all members of its group."""
        return latest(one.interface.well_since() for one in router.members)

    def know_each_other_since(self, one: ObservedRouter, other: ObservedRouter) -> int | None:
        """Return since when two nodes hear each other on the segments of all their members."""
        pair = (one.node.name, other.node.name)
        places = {member.id.place for member in one.members}
        return latest(self.segments[place].hear_each_other(pair) for place in places)

    def key_holder(self, router: ObservedRouter) -> str | None:
        """Return the node that has the key of its group in etcd now; None: no node has it."""
        lease = next((lease for one in router.members if (lease := one.config.etcd_lease)), None)
        record = None if lease is None else self.etcd.store.keys.get(lease.key)
        if record is None or self.etcd.store.leases.get(record.lease, 0) <= self.etcd.now():
            return None
        author = author_of(record)
        return None if author is None else author.node

    def members_in(self, router: VirtualRouterId, group: Iterable[str]) -> list[ObservedRouter]:
        """Return one virtual router as it is on the nodes of *group*, in their order."""
        by_node = {one.node.name: one for one in self.by_id[router]}
        return [by_node[name] for name in group if name in by_node]


def changeable_state(router: ObservedRouter) -> tuple[object, ...]:
    """Return everything that a packet may change in the daemon of *router*."""
    routers = router.node.simulated.routers()
    return tuple((r.state, r.last_heard, r.addresses.present, r.reporter.reason) for r in routers)
