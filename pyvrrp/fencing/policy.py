"""What the operator decided about one check and one fence."""

from dataclasses import dataclass

from pyvrrp.units import SECOND, Nanoseconds

GRACE = SECOND  # how much later than interval + timeout a result may come before silence is failure


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """How often a check probes and how many results in a row change its verdict.

    ``interval`` counts from start of probe to start of probe; one ``timeout`` covers all of a
    probe; ``max_age`` is how old a pass may be when the address is claimed (the gate).
    """

    interval: Nanoseconds = SECOND
    timeout: Nanoseconds = Nanoseconds(800_000_000)
    rise: int = 2
    fall: int = 2
    max_age: Nanoseconds = Nanoseconds(1_800_000_000)


@dataclass(frozen=True, slots=True)
class HoldDown:
    """Flap damping: how long a fence that closed stays closed at least.

    ``initial`` doubles with each closing within ``window``, up to ``ceiling``.
    """

    initial: Nanoseconds = Nanoseconds(5 * SECOND)
    ceiling: Nanoseconds = Nanoseconds(300 * SECOND)
    window: Nanoseconds = Nanoseconds(600 * SECOND)
