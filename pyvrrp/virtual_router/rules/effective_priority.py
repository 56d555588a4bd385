"""The priority that a virtual router advertises. Computed from all its sources each time."""

from dataclasses import dataclass

from pyvrrp.virtual_router.parameters import LAST_RESORT, OWNER

LOWEST, HIGHEST = 1, 254  # 0 is a release, 255 an owner


@dataclass(frozen=True, slots=True)
class PrioritySources:
    """The sources of a priority.

    ``configured`` is from the configuration. ``operator`` replaces it until the daemon restarts.
    ``weights`` is the sum of what checks and tracked things add now, or subtract. ``last_resort``:
    the router is fenced, but takes part because no other router serves.
    """

    configured: int
    operator: int | None = None
    weights: int = 0
    last_resort: bool = False


def effective_priority(sources: PrioritySources) -> int:
    """Return the priority in force, from 1 to 254; an owner's is always 255."""
    if sources.configured == OWNER:
        return OWNER
    if sources.last_resort:
        return LAST_RESORT
    base = sources.configured if sources.operator is None else sources.operator
    return min(max(base + sources.weights, LOWEST), HIGHEST)
