"""May this virtual router take part in the election? Recomputed from scratch, never tracked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """The facts that admission rests on. An empty string is the absence of an obstacle."""

    interface_known: bool = False
    interface_exists: bool = False
    link_up: bool = False
    has_primary_address: bool = False
    leftovers: bool = True
    fence: str = "no result yet"
    kernel: str = ""
    stopping: bool = False


def obstacle(conditions: Conditions) -> str | None:
    """Return why the router may not take part, or None if it may.

    The order is that of causes: without an interface the state of its link says nothing.
    """
    if conditions.stopping:
        return "stopping"
    if not conditions.interface_known:
        return "starting"
    if not conditions.interface_exists:
        return "no such interface"
    if not conditions.link_up:
        return "link down"
    if not conditions.has_primary_address:
        return "no primary address"
    if conditions.leftovers:
        return "removing what an earlier life left behind"
    if conditions.kernel:
        return conditions.kernel
    return conditions.fence or None
