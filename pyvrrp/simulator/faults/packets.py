"""Packets that no node has sent: invalid ones, forged ones, and those of another version."""

from random import Random

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Family, VirtualRouterId
from pyvrrp.simulator.faults.forgery import foreign, forged
from pyvrrp.simulator.faults.mutation import mutate
from pyvrrp.simulator.scenario.fault import MUTATION_NAMES, Fault
from pyvrrp.simulator.world.network.seen_advertisement import seen_in
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.world import World


class PacketFaults:
    """Gives daemons packets that no node has sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = Random(f"{world.scenario.seed} faults")  # noqa: S311 - a simulation

    def inject(self, fault: Fault) -> None:
        """Give every node invalid variants of the newest advertisement of each virtual router."""
        observer = self._world.observer
        for router, packet in tuple(self._world.sent.items()):
            members = [node for node, _ in self._members(router)]
            seen = seen_in(packet)
            for _ in range(fault.count):
                mutation = fault.mutation or self._random.choice(MUTATION_NAMES)
                for node in members:
                    card = node.cards[router.place]
                    invalid = mutate(packet, mutation, self._random)
                    socket = card.advertisements.get(router.family)
                    if socket is not None and node.running and not node.kernel.suspended:
                        observer.packet_injecting(card, seen)
                        socket.deliver_unseen(invalid)
                        observer.packet_injected(card, seen, invalid, mutation)

    def forge(self, fault: Fault) -> None:
        """Give nodes valid advertisements of a router that does not exist."""
        for router in self._routers():
            members = self._members(router)
            first, config = members[0]
            packet = forged(config, first.spec.own[router.place], fault)
            for node, _ in members:
                if fault.node in {"", node.name}:
                    for _ in range(fault.count):
                        node.cards[router.place].packet(packet)

    def foreign(self, fault: Fault) -> None:
        """Have a router in another version advertise each virtual router over IPv4 for a while."""
        for router in self._routers():
            if router.family is Family.IPV4:
                self._speak(router, fault)

    def _speak(self, router: VirtualRouterId, fault: Fault) -> None:
        engine = self._world.engine
        if engine.now >= fault.ends:
            return
        members = self._members(router)
        first, config = members[0]
        said = foreign(config, first.spec.own[router.place], fault.priority)
        packet, version, interval = said
        for node, _ in members:
            card = node.cards[router.place]
            interface = node.kernel.interfaces[router.place]
            socket = card.advertisements.get(router.family)
            hears = node.running and not node.kernel.suspended and interface.exists and interface.up
            if socket is not None and hears and fault.node in {"", node.name}:
                self._world.observer.foreign_heard(card, seen_in(packet), version)
                socket.deliver_unseen(packet)
        engine.after(interval, self._speak, router, fault)

    def _routers(self) -> list[VirtualRouterId]:
        return list(
            dict.fromkeys(
                config.id
                for node in self._world.nodes.values()
                for config in node.spec.configuration.virtual_routers
            )
        )

    def _members(self, router: VirtualRouterId) -> list[tuple[SimulatedNode, VirtualRouterConfig]]:
        return [
            (node, config)
            for node in self._world.nodes.values()
            for config in node.spec.configuration.virtual_routers
            if config.id == router
        ]
