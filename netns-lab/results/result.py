"""What an experiment found, as values: for the exit status, the text, the JSON and the HTML."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from results.measures import Measures


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to be so."""

    what: str
    measured: str
    limit: str
    passed: bool


@dataclass(frozen=True, slots=True)
class LaneSpan:
    """Something that lasted: *label* says which state, *detail* why."""

    start: float
    end: float
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one node was and did, as the report draws it."""

    node: str
    caption: str
    states: Sequence[LaneSpan]
    held: Sequence[LaneSpan]
    answered: Sequence[LaneSpan]
    advertised: Sequence[LaneSpan]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment; *node* is empty for what the lab itself did."""

    time: float
    node: str
    title: str


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One thing the lab did, and the numbers of what followed."""

    title: str
    start: float
    end: float
    old: str
    new: str
    measures: Measures


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """One experiment, finished or broken off (then *error* says why)."""

    title: str
    setting: str
    start: float
    end: float
    changes: Sequence[ChangeResult]
    checks: Sequence[Check]
    lanes: Sequence[Lane]
    marks: Sequence[Mark]
    outages: Sequence[LaneSpan]
    longest_stall: float
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return not self.error and all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """All experiments of one scenario. *skipped* says what was missing, if it could not run.

    *repeated*: it ran beside others, did not pass, and runs again alone, which is what counts.
    """

    name: str
    promise: str
    experiments: Sequence[ExperimentResult] = field(default_factory=tuple)
    skipped: str = ""
    repeated: bool = False

    @property
    def passed(self) -> bool:
        """Whether every experiment was as it must be; what could not run has not passed."""
        return bool(self.experiments) and all(each.passed for each in self.experiments)

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {"passed": self.passed, **asdict(self)}
