"""What a simulated world tells its observer, at the instant at which it happens."""

from pyvrrp.identity import Version
from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.simulator.world.network.client import SimulatedClient
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement
from pyvrrp.simulator.world.network.sockets import NetworkCard
from pyvrrp.simulator.world.node import NodeObserver, SimulatedNode


class WorldObserver(NodeObserver):
    """Is told what happens in a world, and may not change it. This one ignores everything."""

    def daemon_starting(self, node: SimulatedNode) -> None:
        """A daemon is about to start."""

    def daemon_stopped(self, node: SimulatedNode) -> None:
        """A daemon that was stopped in order has ended."""

    def client_sent(self, client: SimulatedClient, *, changed: bool) -> None:
        """A client has sent to all its addresses; *changed*: not the same nodes answered."""

    def fault_changing(self, fault: Fault, *, begins: bool) -> None:
        """A fault is about to begin or to end."""

    def fault_changed(self, fault: Fault, *, begins: bool) -> None:
        """A fault has begun or ended, and so has everything that follows from it at once."""

    def facts_changed(self) -> None:
        """Something about hosts, links or daemons has changed."""

    def daemon_resuming(self, node: SimulatedNode) -> None:
        """A daemon that was stopped or suspended is about to run again."""

    def machine_waking(self, node: SimulatedNode, slept: int, *, hidden: bool) -> None:
        """A machine is about to go on after *slept* ns; *hidden*: its clock does not show it."""

    def ordered(self, node: SimulatedNode, order: FaultKind) -> None:
        """A daemon is being told to stop, to drain, to undrain or to resign."""

    def priority_given(self, node: SimulatedNode, priority: int | None) -> None:
        """An operator gives a node a priority, or takes it back (None)."""

    def foreign_heard(self, card: NetworkCard, seen: SeenAdvertisement, version: Version) -> None:
        """A daemon is about to read *seen*, which a router in another *version* has sent."""

    def packet_injecting(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """A daemon is about to read an invalid variant of *seen*."""

    def packet_injected(
        self, card: NetworkCard, seen: SeenAdvertisement, invalid: bytes, mutation: str
    ) -> None:
        """A daemon has read *invalid*, which this *mutation* has made of *seen*."""
