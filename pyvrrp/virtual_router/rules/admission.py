"""May this virtual router take part in the election? Computed from scratch, never tracked.

Each part of a node that may hinder a virtual router names its obstacle, or none. The parts stand in
one order, and the first one with an obstacle gives the reason. What the operator wants is an
obstacle of another kind: the router is in no hurry to obey it, so it can hand over first.
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
    """What *source* has against taking part: *reason*; an empty one is no obstacle.

    *is_order*: the operator ordered it. *is_waived*: it does not count at the moment.
    """

    source: str
    reason: str
    is_order: bool = False
    is_waived: bool = False


def order(obstacles: Iterable[Obstacle]) -> str | None:
    """Return why the operator wants the router to stand aside, or None."""
    return next((one.reason for one in obstacles if one.reason and one.is_order), None)


def hindrance(obstacles: Iterable[Obstacle]) -> str | None:
    """Return why the router cannot serve now, whatever the operator wants, or None if it can."""
    for one in obstacles:
        if one.reason and not one.is_order and not one.is_waived:
            return one.reason
    return None


def is_only(source: str, obstacles: Iterable[Obstacle]) -> bool:
    """Tell whether *source* alone keeps the router from taking part."""
    found = {one.source for one in obstacles if one.reason}
    return found == {source}
