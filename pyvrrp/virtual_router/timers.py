"""Skew_Time and Master_Down_Interval (RFC 9568 section 6.1, RFC 3768 section 6.1)."""

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

REASSERTION_FLOOR = Nanoseconds(10 * MILLISECOND)


def skew_time(version: Version, priority: int, master_adver_interval: Nanoseconds) -> Nanoseconds:
    """Return Skew_Time: how long this priority waits beyond three intervals."""
    # VRRPv2 skews by a fraction of one second, VRRPv3 by a fraction of the interval.
    base = SECOND if version is Version.V2 else master_adver_interval
    return Nanoseconds((256 - priority) * base // 256)


def master_down_interval(
    version: Version, priority: int, master_adver_interval: Nanoseconds
) -> Nanoseconds:
    """Return Master_Down_Interval: after that long without an advertisement a Backup takes over."""
    skew = skew_time(version, priority, master_adver_interval)
    return Nanoseconds(3 * master_adver_interval + skew)


def reassertion_gap(version: Version, priority: int, interval: Nanoseconds) -> Nanoseconds:
    """Return the least time between two answers to losing advertisements.

    RFC 9568 section 6.4.3 asks for an answer to each advertisement. Without a limit, two routers
    that hear each other would answer as fast as the network allows.
    """
    return max(skew_time(version, priority, interval), REASSERTION_FLOOR)


def handover_patience(version: Version, interval: Nanoseconds) -> Nanoseconds:
    """Return how long a master that sent priority 0 waits for its successor.

    A Backup of priority 1 waits for Skew_Time. One interval more is for a Backup that learned
    another interval or is late.
    """
    return Nanoseconds(skew_time(version, 1, interval) + interval)
