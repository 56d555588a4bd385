"""Faults of machines: of their kernels, services, interfaces and processes."""

from collections.abc import Iterator

from pyvrrp.identity import Place
from pyvrrp.simulator.faults.active import ActiveFaults
from pyvrrp.simulator.scenario.fault import Fault, FaultKind, ServiceHealth
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.world import World


class MachineFaults:
    """Changes machines as faults demand, and undoes it."""

    def __init__(self, world: World, active: ActiveFaults) -> None:
        self._world = world
        self._active = active
        self._suspended_at: dict[str, int] = {}

    def work_out(self, node: SimulatedNode) -> None:
        """Update the kernel, cards and services of *node* from all faults under way."""
        name = node.name
        slow = [int(f.by) for f in self._active.on(name, FaultKind.KERNEL_SLOW)]
        node.kernel.slower_by = max(slow, default=0)
        node.kernel.refuses = any(self._active.on(name, FaultKind.KERNEL_REFUSES))
        refused = any(self._active.on(name, FaultKind.SEND_REFUSED))
        for card in node.cards.values():
            card.refuses = refused
        for check, service in node.services.items():
            health, delay = ServiceHealth.OK, 0
            for fault in self._active.on(name, FaultKind.SERVICE):
                if fault.check in {"", check}:
                    health, delay = fault.health, int(fault.by)
            if (health, delay) != (service.health, service.delay):
                service.becomes(health, delay, self._world.engine.now)

    def crash(self, fault: Fault) -> None:
        """SIGKILL the daemon."""
        self._node(fault).kill()

    def start(self, fault: Fault) -> None:
        """Start a daemon."""
        self._world.start(fault.node)

    def freeze(self, fault: Fault) -> None:
        """SIGSTOP the daemon."""
        self._node(fault).freeze()

    def thaw(self, fault: Fault) -> None:
        """SIGCONT the daemon, unless another fault keeps it stopped."""
        if not any(self._active.on(fault.node, FaultKind.FREEZE)):
            node = self._node(fault)
            self._resuming(node)
            node.thaw()

    def suspend(self, fault: Fault) -> None:
        """Suspend the machine."""
        node = self._node(fault)
        node.time.fall_asleep()
        if fault.node not in self._suspended_at:
            self._suspended_at[fault.node] = self._world.engine.now
            node.suspend()

    def wake(self, fault: Fault) -> None:
        """Wake the machine up, unless another fault keeps it suspended."""
        if any(self._active.on(fault.node, FaultKind.SUSPEND)):
            return
        node = self._node(fault)
        slept = self._world.engine.now - self._suspended_at.pop(fault.node)
        frozen = any(self._active.on(fault.node, FaultKind.FREEZE))
        self._world.observer.machine_waking(node, slept, hidden=fault.hidden)
        self._resuming(node)
        node.wake(slept, hidden=fault.hidden, frozen=frozen)

    def step_wall_clock(self, fault: Fault) -> None:
        """Set the wall clock."""
        self._node(fault).time.wall_step += int(fault.by)

    def delete_address(self, fault: Fault) -> None:
        """Remove one address of each virtual router, as an administrator may do by hand."""
        kernel = self._node(fault).kernel
        for config in self._node(fault).spec.configuration.virtual_routers:
            place = config.id.place
            held = [a for a in kernel.interfaces[place].held if a in config.addresses]
            if held:
                kernel.remove(place, held[0], by_hand=True)

    def delete_interface(self, fault: Fault) -> None:
        """Delete interfaces."""
        node = self._node(fault)
        for place in self._places(fault):
            node.kernel.delete_interface(place)
            node.cards[place].advertisements.clear()
            node.cards[place].announcements.clear()

    def create_interface(self, fault: Fault) -> None:
        """Create interfaces again, with another index and another hardware address."""
        if any(self._active.on(fault.node, FaultKind.RECREATE_INTERFACE)):
            return
        node = self._node(fault)
        for place in self._places(fault):
            interface = node.kernel.interfaces[place]
            interface.exists = True
            interface.index += 10
            interface.mac = _another(interface.mac)
            node.kernel.notify(place)

    def change_mac(self, fault: Fault) -> None:
        """Give interfaces other hardware addresses."""
        kernel = self._node(fault).kernel
        for place in self._places(fault):
            interface = kernel.interfaces[place]
            interface.mac = _another(interface.mac)
            kernel.notify(place)

    def _node(self, fault: Fault) -> SimulatedNode:
        return self._world.nodes[fault.node]

    def _resuming(self, node: SimulatedNode) -> None:
        if node.name not in self._suspended_at and node.alive:
            self._world.observer.daemon_resuming(node)

    def _places(self, fault: Fault) -> Iterator[Place]:
        return (
            place
            for place in self._node(fault).cards
            if not fault.interface or place.interface == fault.interface
        )


def _another(mac: bytes) -> bytes:
    """Return a hardware address that no other node has."""
    return mac[:4] + bytes((mac[4] + 1 & 0xFF,)) + mac[5:]
