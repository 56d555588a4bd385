"""Begins the faults of a scenario at their times, and ends them."""

from collections.abc import Callable, Mapping

from pyvrrp.simulator.faults.active import ActiveFaults
from pyvrrp.simulator.faults.describe import describe
from pyvrrp.simulator.faults.links import LINK_FAULTS, LinkFaults
from pyvrrp.simulator.faults.machines import MachineFaults
from pyvrrp.simulator.faults.operator import SimulatedOperator
from pyvrrp.simulator.faults.packets import PacketFaults
from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.simulator.world.node import SimulatedNode
from pyvrrp.simulator.world.world import World
from pyvrrp.units import MILLISECOND

RECREATED_AFTER = 500 * MILLISECOND


class FaultInjector:
    """Begins and ends the faults of one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._active = ActiveFaults()
        self._links = LinkFaults(world.segments, world.nodes, self._active)
        self._machines = MachineFaults(world, self._active)
        packets, operator = PacketFaults(world), SimulatedOperator(world)
        machines, links = self._machines, self._links
        # The effects of the other kinds are computed from all faults that are under way.
        self._begin: Mapping[FaultKind, Callable[[Fault], None]] = {
            FaultKind.CRASH: machines.crash,
            FaultKind.STOP: lambda f: operator.stop(self._node(f)),
            FaultKind.DRAIN: lambda f: operator.drain(self._node(f)),
            FaultKind.UNDRAIN: lambda f: operator.undrain(self._node(f)),
            FaultKind.RESIGN: lambda f: operator.resign(self._node(f)),
            FaultKind.UNDO_RESIGN: lambda f: operator.undo_resign(self._node(f)),
            FaultKind.PRIORITY: lambda f: operator.priority(self._node(f), f.priority),
            FaultKind.START: machines.start,
            FaultKind.FREEZE: machines.freeze,
            FaultKind.SUSPEND: machines.suspend,
            FaultKind.PARTITION: links.cut,
            FaultKind.DELETE_ADDRESS: machines.delete_address,
            FaultKind.RECREATE_INTERFACE: machines.delete_interface,
            FaultKind.CHANGE_MAC: machines.change_mac,
            FaultKind.WALL_STEP: machines.step_wall_clock,
            FaultKind.INJECT: packets.inject,
            FaultKind.FORGE: packets.forge,
            FaultKind.FOREIGN: packets.foreign,
        }
        self._end: Mapping[FaultKind, Callable[[Fault], None]] = {
            FaultKind.CRASH: machines.start,
            FaultKind.STOP: machines.start,
            FaultKind.DRAIN: lambda f: operator.undrain(self._node(f)),
            FaultKind.RESIGN: lambda f: operator.undo_resign(self._node(f)),
            FaultKind.PRIORITY: lambda f: operator.priority(self._node(f), None),
            FaultKind.FREEZE: machines.thaw,
            FaultKind.SUSPEND: machines.wake,
            FaultKind.PARTITION: links.heal,
            FaultKind.RECREATE_INTERFACE: machines.create_interface,
        }

    def plan(self) -> None:
        """Plan the beginning and the end of each fault."""
        engine = self._world.engine
        for fault in self._world.scenario.faults:
            engine.at(fault.at, self._starts, fault)
            lasts = fault.duration or (
                RECREATED_AFTER if fault.kind is FaultKind.RECREATE_INTERFACE else 0
            )
            if lasts:
                engine.at(fault.at + lasts, self._ends, fault)

    def _starts(self, fault: Fault) -> None:
        world = self._world
        world.trace.note("world", "fault", describe(fault), kind=str(fault.kind), node=fault.node)
        world.observer.fault_changing(fault, begins=True)
        self._active.begin(fault)
        self._change(self._begin, fault, begins=True)

    def _ends(self, fault: Fault) -> None:
        world = self._world
        world.trace.note("world", "end", f"ends: {describe(fault)}", kind=str(fault.kind))
        world.observer.fault_changing(fault, begins=False)
        self._active.end(fault)
        self._change(self._end, fault, begins=False)

    def _change(
        self, changes: Mapping[FaultKind, Callable[[Fault], None]], fault: Fault, *, begins: bool
    ) -> None:
        change = changes.get(fault.kind)
        if change is not None:
            change(fault)
        self._work_out(fault)
        self._world.observer.fault_changed(fault, begins=begins)

    def _work_out(self, fault: Fault) -> None:
        if fault.kind in LINK_FAULTS or fault.kind is FaultKind.RECREATE_INTERFACE:
            self._links.work_out(fault.node)
        node = self._world.nodes.get(fault.node)
        if node is not None:
            self._machines.work_out(node)
        if fault.kind is FaultKind.ETCD:
            away = [fault for fault in self._active if fault.kind is FaultKind.ETCD]
            losing = {each.node: each.chance for each in sorted(away, key=lambda f: f.chance)}
            down = losing.pop("", 0.0) > 0
            self._world.etcd.becomes(down=down, losing=losing)

    def _node(self, fault: Fault) -> SimulatedNode:
        return self._world.nodes[fault.node]
