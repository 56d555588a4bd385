"""The unit of time in pyvrrp is the nanosecond, as an integer.

Advertisements carry seconds (VRRPv2) or centiseconds (VRRPv3). Only ``packet`` and ``config``
convert from and to these units.
"""

from typing import NewType

Nanoseconds = NewType("Nanoseconds", int)

MICROSECOND = Nanoseconds(1_000)
MILLISECOND = Nanoseconds(1_000_000)
CENTISECOND = Nanoseconds(10_000_000)
SECOND = Nanoseconds(1_000_000_000)


def to_seconds(duration: Nanoseconds) -> float:
    """Return *duration* in seconds, for texts and for functions that take a float."""
    return duration / SECOND


def to_milliseconds(duration: Nanoseconds) -> float:
    """Return *duration* in milliseconds, for texts and for JSON."""
    return duration / MILLISECOND


def in_words(duration: Nanoseconds) -> str:
    """Return *duration* as text with a unit: ``3.609 s``, ``78.125 us``, ``250 ms``."""
    for unit, name in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us")):
        if abs(duration) >= unit:
            return f"{round(duration / unit, 3):g} {name}"
    return f"{duration} ns"
