"""Whether a virtual router may take part in the election. Computed from all facts each time.

Each concern names its obstacle, or none. The concerns have an order, and the first one with an
obstacle gives the reason. An order of the operator is an obstacle of another kind: it is not
urgent, so the router hands over first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

STARTING = "starting"  # reasons
STOPPING = "stopping"
DRAINED = "drained"
RESIGNED = "resigned"

FENCE = "fence"  # sources that others need to name
RESOURCES = "resources"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The *reason* for which *source* keeps the router out; an empty reason is no obstacle.

    *is_order*: the operator ordered it. *is_waived*: it does not count at the moment.
    """

    source: str
    reason: str
    is_order: bool = False
    is_waived: bool = False


def order(obstacles: Iterable[Obstacle]) -> str | None:
    """Return why the operator keeps the router out, or None."""
    return next((one.reason for one in obstacles if one.reason and one.is_order), None)


def hindrance(obstacles: Iterable[Obstacle]) -> str | None:
    """Return why the router cannot serve now, apart from orders, or None if it can."""
    for one in obstacles:
        if one.reason and not one.is_order and not one.is_waived:
            return one.reason
    return None


def is_only(source: str, obstacles: Iterable[Obstacle]) -> bool:
    """Return whether *source* is the only one that keeps the router out."""
    found = {one.source for one in obstacles if one.reason}
    return found == {source}
