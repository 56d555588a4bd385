"""What a tracked thing does to a virtual router: it changes the priority, or keeps it in INIT."""

from dataclasses import dataclass

from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Effect:
    """What one tracked thing does now: *points* for the priority, or an *obstacle* in words."""

    points: int = 0
    obstacle: str = ""


def interface_effect(name: str, trouble: str, weight: int, *, reverse: bool) -> Effect:
    """Return the effect of an interface; *trouble* says what is wrong with it, empty: it is up.

    Without a weight (0) it keeps the router in INIT while it is down. A positive weight is added
    while it is up, a negative one while it is down. *reverse* exchanges up and down.
    """
    good = (not trouble) is not reverse
    if weight:
        return Effect(points=weight if good is (weight > 0) else 0)
    return Effect(obstacle="" if good else f"tracked interface {name} {trouble or 'is up'}")


@dataclass(frozen=True, slots=True)
class InterfaceDelay:
    """How long an interface must be *up*, or *down*, before that counts."""

    up: Nanoseconds = Nanoseconds(0)
    down: Nanoseconds = Nanoseconds(0)


@dataclass(frozen=True, slots=True)
class Debounce:
    """Whether an interface counts as *up*; it has been otherwise since *differs_since*."""

    up: bool
    differs_since: Nanoseconds | None = None

    def seen(self, now: Nanoseconds, delay: InterfaceDelay, *, up: bool) -> "Debounce":
        """Return what counts when the interface is *up*, or not, at *now*."""
        if up is self.up:
            return Debounce(up)
        since = now if self.differs_since is None else self.differs_since
        late = now - since >= (delay.down if self.up else delay.up)
        return Debounce(up) if late else Debounce(self.up, since)

    def due(self, delay: InterfaceDelay) -> Nanoseconds | None:
        """Return when the change will count if the interface stays as it is; None: no change."""
        if self.differs_since is None:
            return None
        return Nanoseconds(self.differs_since + (delay.down if self.up else delay.up))
