"""The settings of one check and of the hold-down of one fence."""

from dataclasses import dataclass

from pyvrrp.units import SECOND, Nanoseconds

GRACE = SECOND  # a check fails if no result comes for interval + timeout + GRACE


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """How often a check probes, and how many results in a row change its verdict.

    ``interval`` is the time from the start of one probe to the start of the next. ``timeout``
    is for the probe as a whole. After ``rise`` passes in a row a failed check passes, after
    ``fall`` failures in a row a passing check fails. The last pass may be ``max_age`` old when an
    address is claimed.
    """

    interval: Nanoseconds = SECOND
    timeout: Nanoseconds = Nanoseconds(800_000_000)
    rise: int = 2
    fall: int = 2
    max_age: Nanoseconds = Nanoseconds(1_800_000_000)


@dataclass(frozen=True, slots=True)
class HoldDown:
    """For how long a fence that closed stays closed at least.

    The time is ``initial`` after the first closing. It doubles with each closing that comes at
    most ``window`` after the one before, up to ``ceiling``.
    """

    initial: Nanoseconds = Nanoseconds(5 * SECOND)
    ceiling: Nanoseconds = Nanoseconds(300 * SECOND)
    window: Nanoseconds = Nanoseconds(600 * SECOND)
