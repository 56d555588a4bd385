"""A fault in words."""

from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.units import in_words


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
    if fault.kind is FaultKind.FOREIGN:
        words.append(f"priority {fault.priority}")
    if fault.kind is FaultKind.FORGE:
        words.append(f"priority {fault.priority}, interval {in_words(fault.interval)}")
    if fault.duration:
        words.append(f"for {in_words(fault.duration)}")
    return " ".join(words)
