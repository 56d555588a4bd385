"""May this virtual router take part in the election? Recomputed from scratch, never tracked."""

from dataclasses import dataclass, replace

STOPPING = "stopping"
DRAINED = "drained"
RESIGNED = "resigned"


@dataclass(frozen=True, slots=True)
class Conditions:
    """The facts that admission rests on. An empty string is the absence of an obstacle.

    ``stopping``, ``drained`` and ``resigned`` are the operator's wishes; everything else is
    something that this node cannot help. As the ``last_resort`` it serves although fenced.
    """

    interface_known: bool = False
    interface_exists: bool = False
    link_up: bool = False
    has_primary_address: bool = False
    heartbeat: str = ""
    leftovers: bool = True
    fence: str = "no result yet"
    last_resort: bool = False
    kernel: str = ""
    etcd_lease: str = ""
    resources: str = ""
    stopping: bool = False
    drained: bool = False
    resigned: bool = False


def obstacle(conditions: Conditions) -> str | None:
    """Return why the router may not take part, or None if it may.

    What the operator wants is named before what is wrong besides: it is what he has to undo.
    """
    return wish(conditions) or hindrance(conditions)


def wish(conditions: Conditions) -> str | None:
    """Return why the operator wants the router to stand aside, or None. It is in no hurry."""
    if conditions.stopping:
        return STOPPING
    if conditions.drained:
        return DRAINED
    return RESIGNED if conditions.resigned else None


def is_fenced_alone(conditions: Conditions) -> bool:
    """Tell whether the router would stand if its checks passed."""
    open_fence = replace(conditions, fence="")
    return bool(conditions.fence) and obstacle(open_fence) is None


def hindrance(conditions: Conditions) -> str | None:
    """Return why the router cannot serve now, whatever anybody wants, or None if it can.

    The order is that of causes: without an interface the state of its link says nothing.
    """
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
    fence = "" if conditions.last_resort else conditions.fence
    own = conditions.etcd_lease or conditions.heartbeat or conditions.resources
    return own or fence or None
