"""The one unit of time inside pyvrrp: integer nanoseconds.

Wire units (seconds in VRRPv2, centiseconds in VRRPv3) exist only in ``packet`` and ``config``.
"""

from typing import NewType

Nanoseconds = NewType("Nanoseconds", int)

MICROSECOND = Nanoseconds(1_000)
MILLISECOND = Nanoseconds(1_000_000)
CENTISECOND = Nanoseconds(10_000_000)
SECOND = Nanoseconds(1_000_000_000)


def to_seconds(duration: Nanoseconds) -> float:
    """Return *duration* in seconds, for people and for interfaces that take a float."""
    return duration / SECOND


def to_milliseconds(duration: Nanoseconds) -> float:
    """Return *duration* in milliseconds, for people and for JSON."""
    return duration / MILLISECOND


def in_words(duration: Nanoseconds) -> str:
    """Return *duration* as people write it: ``3.609 s``, ``78.125 us``, ``250 ms``."""
    for unit, name in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us")):
        if abs(duration) >= unit:
            return f"{round(duration / unit, 3):g} {name}"
    return f"{duration} ns"
