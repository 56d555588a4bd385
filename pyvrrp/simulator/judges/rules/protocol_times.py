"""The times of the protocol, from the text of RFC 9568 6.1 and RFC 3768 6.1.

Written again and not taken from the code under test, so that the two can disagree. All times are
nanoseconds.
"""

from functools import lru_cache

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Version
from pyvrrp.units import SECOND


@lru_cache(maxsize=4096)
def skew(version: Version, priority: int, interval: int) -> int:
    """Return Skew_Time."""
    base = int(SECOND) if version is Version.V2 else interval
    return base * (256 - priority) // 256


@lru_cache(maxsize=4096)
def master_down(version: Version, priority: int, interval: int) -> int:
    """Return Master_Down_Interval."""
    return 3 * interval + skew(version, priority, interval)


def handover_wait(config: VirtualRouterConfig) -> int:
    """Return how long a node that hands over waits for its successor (decision 6)."""
    own = int(config.advertisement_interval)
    return skew(config.version, 1, own) + own


def believed_interval(config: VirtualRouterConfig, interval: int) -> int:
    """Return the interval that a backup uses after it has heard *interval*.

    In version 2 it is its own, in version 3 at most ``max_learned_interval``.
    """
    own = int(config.advertisement_interval)
    if config.version is Version.V2:
        return own
    return min(interval, max(int(config.max_learned_interval), own))
