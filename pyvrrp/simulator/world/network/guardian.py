"""The guardian of one daemon: it hands over, removes addresses and has the resources stopped.

How long the addresses stay is decided by the same code as in the guardian of a real machine.
"""

from collections.abc import Iterable
from random import Random

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import HandoverOrder
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.clocks import NodeTime, ProcessClock
from pyvrrp.simulator.world.machine.kernel import SimulatedKernel
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.simulator.world.machine.resource_ports import ProcessGuardian
from pyvrrp.simulator.world.machine.resources import ResourceHost
from pyvrrp.simulator.world.network.seen_advertisement import seen_in
from pyvrrp.simulator.world.network.sockets import NetworkCard, claim_of
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.after_death import HandoverAfterDeath


class _SimulatedHandover:
    """One virtual router that is handed over."""

    def __init__(self, order: HandoverOrder, now: int) -> None:
        self.order = order
        self.seen = seen_in(order.says[0].packet)
        self.until = HandoverAfterDeath(now, order.times)


class NodeGuardian(ProcessGuardian):
    """The guardian of one process. *at_work* has the guardians of dead processes of the node."""

    def __init__(
        self,
        process: SimulatedProcess,
        engine: Engine,
        time: NodeTime,
        resources: ResourceHost,
        kernel: SimulatedKernel,
        cards: dict[Place, NetworkCard],
        at_work: "list[NodeGuardian]",
        random: Random,
    ) -> None:
        super().__init__(process, engine, resources)
        # No fault stops or kills the process of the guardian itself.
        self._clock = ProcessClock(engine, time, SimulatedProcess(random))
        self._kernel = kernel
        self._cards = cards
        self._at_work = at_work
        self._orders: dict[str, HandoverOrder] = {}
        self._until: dict[str, Nanoseconds | None] = {}
        self.under_way: list[_SimulatedHandover] = []

    def prepare_handover(self, order: HandoverOrder) -> None:
        """Know how to hand over one virtual router."""
        self._orders[order.router] = order

    def may_hand_over(self, router: str, until: Nanoseconds | None) -> None:
        """Know until when."""
        self._until[router] = until

    def removing(self) -> bool:
        """Whether the guardian of an earlier process has addresses to remove."""
        return bool(self._at_work)

    # After the death of its daemon.

    def daemon_died(self, delay: int, routers: Iterable[VirtualRouterConfig]) -> None:
        """Act *delay* ns from now."""
        self._at_work.append(self)
        held = [(router, router.id.place, router.addresses) for router in routers]

        def act() -> None:
            # What an earlier guardian still hands over, this daemon has not had yet.
            earlier = [one.order.router for other in self._at_work for one in other.under_way]
            handed_over = self._begin().union(earlier)
            for router, place, addresses in held:
                if str(router.id) not in handed_over:
                    self._remove(place, addresses)
            self._resources.stop_all()
            self._look()

        self._engine.after(delay, self._kernel.after_current_request, act)

    def _begin(self) -> set[str]:
        now = self._clock.now()
        for name, order in self._orders.items():
            until = self._until.get(name)
            if until is not None and now < until and self._send(order):
                self.under_way.append(_SimulatedHandover(order, now))
        if self.under_way:
            for card in self._cards.values():
                card.ears.append(self)
        return {one.order.router for one in self.under_way}

    def _send(self, order: HandoverOrder) -> bool:
        sent = False
        for said in (*order.says, *order.says):
            card = self._cards[said.place]
            try:
                card.require_sending(self._kernel.interfaces[said.place].index)
            except KernelError:
                continue
            card.advertise(said.packet)
            sent = True
        return sent

    def packet(self, card: NetworkCard, packet: bytes) -> None:
        """Hear an advertisement."""
        seen = seen_in(packet)
        for one in self.under_way:
            where = {place for place, _, _ in one.order.hears}
            if seen.key == one.seen.key and seen.priority and card.place in where:
                one.until.successor_heard(self._clock.now())
                self._wake_up_at(one.until.ends_at)

    def frame(self, card: NetworkCard, frame: bytes) -> None:
        """Hear an announcement."""
        claim = claim_of(frame)
        for one in self.under_way:
            addresses = {address.ip for address in one.order.addresses}
            if claim is not None and claim.address in addresses and card.place == one.order.place:
                one.until.successor_announced(self._clock.now())
                self._wake_up_at(one.until.ends_at)

    def _wake_up_at(self, when: int) -> None:
        self._clock.call_at(Nanoseconds(when), self._wake_up)

    def _wake_up(self) -> None:
        self._kernel.after_current_request(self._look)

    def _look(self) -> None:
        now = self._clock.now()
        for one in tuple(self.under_way):
            if now >= one.until.ends_at:
                self.under_way.remove(one)
                self._remove(one.order.place, one.order.addresses)
            else:
                self._wake_up_at(one.until.ends_at)
        if not self.under_way and self in self._at_work:
            self._at_work.remove(self)
            for card in self._cards.values():
                if self in card.ears:
                    card.ears.remove(self)

    def _remove(self, place: Place, addresses: Iterable[InterfaceAddress]) -> None:
        for address in addresses:
            if self._kernel.interfaces[place].exists:
                self._kernel.remove(place, address)
