"""Which priority is in force, and which router ranks higher, from the text of the RFC."""

from collections.abc import Collection, Sequence

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement

LAST_RESORT, OWNER = 1, 255


def priority_in_force(
    config: VirtualRouterConfig, operator: int | None, passing: Collection[str]
) -> int:
    """Return what an operator and the checks of a weight make of the configured priority."""
    if config.priority == OWNER:
        return OWNER
    points = 0
    for weight in config.weights:
        if (weight.points > 0) is (weight.check in passing):
            points += weight.points
    base = config.priority if operator is None else operator
    return max(1, min(254, base + points))


def higher(seen: SeenAdvertisement, priority: int, own: Sequence[Address]) -> bool:
    """Whether a master of this *priority* must give way to the advertisement *seen*."""
    if seen.priority != priority:
        return seen.priority > priority
    return any(int(seen.sender) > int(address) for address in own)
