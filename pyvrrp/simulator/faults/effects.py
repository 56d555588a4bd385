"""What faults make of links, which pairs of hosts a partition cuts, and a fault in words."""

from collections.abc import Iterator

from pyvrrp.simulator.scenario.fault import Direction, Fault, FaultKind
from pyvrrp.simulator.world.network import HostLink
from pyvrrp.units import in_words


def separated(fault: Fault) -> Iterator[tuple[str, str]]:
    """Return who is not heard by whom."""
    for index, group in enumerate(fault.groups):
        for other in fault.groups[index + 1 :]:
            for one in group:
                for two in other:
                    yield one, two
                    if not fault.one_way:
                        yield two, one


def reset(link: HostLink) -> None:
    """Make a link what it was before any fault."""
    fresh = HostLink()
    for name in HostLink.__slots__:
        setattr(link, name, getattr(fresh, name))


def worsen(link: HostLink, fault: Fault) -> None:
    """Add one fault to a link."""
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


def describe(fault: Fault) -> str:
    """Return what a fault does, for the timeline."""
    words = [str(fault.kind).replace("_", " ")]
    if fault.node:
        words.append(fault.node)
    if fault.groups:
        arrow = " -/-> " if fault.one_way else " | "
        words.append(arrow.join("+".join(group) for group in fault.groups))
    if fault.kind is FaultKind.SERVICE:
        words.append(f"{fault.check or 'every service'} {fault.health}")
    if fault.by:
        words.append(f"by {in_words(fault.by)}")
    if fault.chance:
        words.append(f"{fault.chance:.0%}")
    if fault.mutation:
        words.append(fault.mutation)
    if fault.kind is FaultKind.FORGE:
        words.append(f"priority {fault.priority}, interval {in_words(fault.interval)}")
    if fault.duration:
        words.append(f"for {in_words(fault.duration)}")
    return " ".join(words)
