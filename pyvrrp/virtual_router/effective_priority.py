"""With which priority does this virtual router stand? Computed from scratch, never tracked."""

from dataclasses import dataclass

from pyvrrp.virtual_router.parameters import LAST_RESORT, OWNER

LOWEST, HIGHEST = 1, 254  # 0 is a release, 255 an owner


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a priority comes from.

    ``configured`` is the file's; ``operator`` replaces it until the daemon restarts; ``weights``
    is the sum of what checks of a weight add or take away now; ``last_resort``: fenced, but nobody
    else serves.
    """

    configured: int
    operator: int | None = None
    weights: int = 0
    last_resort: bool = False


def effective_priority(standing: Standing) -> int:
    """Return the priority in force, from 1 to 254; an owner's is 255 whatever else is said."""
    if standing.configured == OWNER:
        return OWNER
    if standing.last_resort:
        return LAST_RESORT
    base = standing.configured if standing.operator is None else standing.operator
    return min(max(base + standing.weights, LOWEST), HIGHEST)
