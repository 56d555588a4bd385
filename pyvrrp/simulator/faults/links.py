"""Faults of the network: they change the links of hosts, or separate hosts."""

from collections.abc import Iterator, Mapping

from pyvrrp.identity import Place
from pyvrrp.simulator.faults.active import ActiveFaults
from pyvrrp.simulator.scenario.fault import Direction, Fault, FaultKind
from pyvrrp.simulator.world.network.segment import HostLink, SimulatedSegment
from pyvrrp.simulator.world.node import SimulatedNode

LINK_FAULTS = frozenset(
    {
        *(FaultKind.LINK_DOWN, FaultKind.LOSS, FaultKind.DELAY),
        *(FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.REFLECT),
    }
)


class LinkFaults:
    """Computes the links of hosts from all faults under way, when one begins or ends."""

    def __init__(
        self,
        segments: Mapping[Place, SimulatedSegment],
        nodes: Mapping[str, SimulatedNode],
        active: ActiveFaults,
    ) -> None:
        self._segments = segments
        self._nodes = nodes
        self._active = active

    def work_out(self, host: str) -> None:
        """Replace the links of *host* by what its faults make of them."""
        for place, segment in self._segments.items():
            if host in segment.stations:
                segment.set_link(host, self._link(host, place))

    def cut(self, fault: Fault) -> None:
        """Separate the groups of a partition."""
        for segment, source, target in self._separated(fault):
            segment.block(source, target)

    def heal(self, fault: Fault) -> None:
        """Undo `cut` for a partition; another one may still separate the same hosts."""
        for segment, source, target in self._separated(fault):
            segment.unblock(source, target)

    def _separated(self, fault: Fault) -> Iterator[tuple[SimulatedSegment, str, str]]:
        for segment in self._segments.values():
            for source, target in separated(fault):
                if source in segment.stations and target in segment.stations:
                    yield segment, source, target

    def _link(self, host: str, place: Place) -> HostLink:
        link = HostLink()
        for fault in self._active:
            here = not fault.interface or fault.interface == place.interface
            if fault.node == host and fault.kind in LINK_FAULTS and here:
                worsen(link, fault)
        node = self._nodes.get(host)
        if node is not None:
            interface = node.kernel.interfaces[place]
            if interface.up is not link.up:
                interface.up = link.up
                node.kernel.notify(place)
            link.up = link.up and interface.exists
        return link


def separated(fault: Fault) -> Iterator[tuple[str, str]]:
    """Yield each host that is not heard and the host that does not hear it."""
    for index, group in enumerate(fault.groups):
        for other in fault.groups[index + 1 :]:
            for one in group:
                for two in other:
                    yield one, two
                    if not fault.one_way:
                        yield two, one


def worsen(link: HostLink, fault: Fault) -> None:
    """Add the effect of one fault to a link."""
    match fault.kind:
        case FaultKind.LINK_DOWN:
            link.up = False
        case FaultKind.LOSS:
            if fault.direction is not Direction.OUT:
                link.loss_in = max(link.loss_in, fault.chance)
            if fault.direction is not Direction.IN:
                link.loss_out = max(link.loss_out, fault.chance)
        case FaultKind.DELAY:
            link.slower_by += int(fault.by) // 2
            link.slower_at_random += int(fault.by) // 2
        case FaultKind.DUPLICATE:
            link.duplicate = max(link.duplicate, fault.chance)
        case FaultKind.REORDER:
            link.reorder = max(link.reorder, fault.chance)
            link.reorder_by = max(link.reorder_by, int(fault.by))
        case _:
            link.reflects = True
