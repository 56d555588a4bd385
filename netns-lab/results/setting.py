"""The settings of an experiment, and the formulas of the protocol."""

from dataclasses import dataclass

NOISE = 0.25  # seconds a shared machine may add to anything
HAND_OVER = 0.15  # seconds two nodes may have an address in a planned move


@dataclass(frozen=True, slots=True)
class RouterSpec:
    """One router of an experiment: which implementation, at which priority."""

    implementation: str
    priority: int


TWO_PYVRRP = (RouterSpec("pyvrrp", 200), RouterSpec("pyvrrp", 100))


@dataclass(frozen=True, slots=True)
class Setting:
    """What all routers of an experiment have in common."""

    version: int = 3
    ipv6: bool = False
    interval_ms: int = 100
    check: bool = False
    client: bool = True  # the benchmark measures on the wire alone

    @property
    def interval(self) -> float:
        """The advertisement interval in seconds."""
        return self.interval_ms / 1000

    def skew_time(self, priority: int) -> float:
        """Return Skew_Time in seconds (RFC 9568 6.1, RFC 3768 6.1)."""
        base = 1.0 if self.version == 2 else self.interval
        return (256 - priority) * base / 256

    def master_down_interval(self, priority: int) -> float:
        """Return Master_Down_Interval in seconds."""
        return 3 * self.interval + self.skew_time(priority)

    def __str__(self) -> str:
        family = "IPv6" if self.ipv6 else "IPv4"
        return f"VRRPv{self.version}, {family}, {self.interval_ms} ms"


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """The most each number may be, in seconds; None: not judged."""

    outage: float | None = None
    first_advertisement: float | None = None
    first_answer: float | None = None
    released: float | None = None
    both_answered: float | None = None
    both_held: float | None = None
