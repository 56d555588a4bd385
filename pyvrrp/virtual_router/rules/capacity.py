"""When a node that holds as many virtual routers as ``max_held`` allows claims one more.

It leaves the claim to the others for one Master_Down_Interval. A node that has room has taken over
by then. If no node has room, this one takes over: a full node is better than none. It does not
preempt a master of lower priority until there is room here.
"""

from pyvrrp.units import Nanoseconds


def may_claim_from(
    asked_at: Nanoseconds, heard_at: Nanoseconds | None, patience: Nanoseconds
) -> Nanoseconds:
    """Return the instant from which a full node may claim.

    *asked_at* is when the claim became due. *heard_at* is when a master was last heard, None if
    none was or it has released. *patience* is Master_Down_Interval.
    """
    if heard_at is None:
        return Nanoseconds(asked_at + patience)
    # A lower master must first be silent for long enough.
    return Nanoseconds(max(asked_at, heard_at + patience) + patience)
