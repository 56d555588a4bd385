"""When a node that holds as many virtual routers as it should claims one more.

It leaves the claim to the others for one Master_Down_Interval. A node that has room has taken over
by then. If no node has, this one takes over after all: a crowded node is better than none. A master
of lower priority that is alive is left alone until there is room here.
"""

from pyvrrp.units import Nanoseconds


def may_claim_from(
    asked_at: Nanoseconds, heard_at: Nanoseconds | None, patience: Nanoseconds
) -> Nanoseconds:
    """Return the instant from which a crowded node may claim.

    *asked_at* is when the claim became due. *heard_at* is when a master was last heard, None if
    none was or it has released. *patience* is Master_Down_Interval.
    """
    if heard_at is None:
        return Nanoseconds(asked_at + patience)
    # A lower master that is left alone must be silent for long enough first.
    return Nanoseconds(max(asked_at, heard_at + patience) + patience)
