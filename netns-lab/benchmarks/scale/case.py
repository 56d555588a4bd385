"""The cases of the benchmark, and the numbers found in each."""

from dataclasses import dataclass, field

HIGH, LOW = 200, 100


@dataclass(frozen=True, slots=True)
class Case:
    """So many virtual routers at one advertisement interval."""

    routers: int
    interval_ms: int

    @property
    def interval(self) -> float:
        """The advertisement interval in seconds."""
        return self.interval_ms / 1000

    @property
    def master_down_interval(self) -> float:
        """Master_Down_Interval of the node of lower priority, in seconds (RFC 9568 6.1)."""
        return 3 * self.interval + (256 - LOW) / 256 * self.interval

    def expected(self, seconds: float) -> int:
        """Return how many advertisements a master of all sends in this time."""
        return round(self.routers * seconds / self.interval)

    def __str__(self) -> str:
        return f"{self.routers}x{self.interval_ms}"


# The most telling first: a run that is over its time leaves out the last ones.
CASES = (
    Case(250, 1000),
    Case(100, 100),
    Case(1, 1000),
    Case(50, 1000),
    Case(1, 100),
    Case(50, 100),
)


@dataclass(slots=True)
class CaseNumbers:
    """What one implementation needed in one case. None: not measured; *notes* say why."""

    implementation: str
    case: Case
    false_masters: int | None = None  # at start: how often the lower node became master
    all_masters: float | None = None  # seconds from the start until the higher node has all
    sent: int | None = None  # advertisements in the window
    received: int | None = None
    sent_cost: float | None = None  # microseconds of processor time for each
    received_cost: float | None = None
    memory: int | None = None  # bytes, PSS of all processes of the master's node
    processes: int | None = None
    foreign_load: float | None = None  # processors busy with anything else in the window
    last_takeover: float | None = None  # seconds after Master_Down_Interval
    median_takeover: float | None = None
    taken_over: int | None = None  # of how many virtual routers
    notes: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        """Note what a reader of the numbers must know."""
        self.notes.append(what)
