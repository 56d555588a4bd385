"""What every search deals with: numbered states, the steps between them, and the traces of them."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.units import SECOND, Nanoseconds

WorldState: TypeAlias = tuple[int, ...]
Value = TypeVar("Value", bound=Hashable)


class TimedStep(Protocol):
    """A step of a search: what happened, and how long it took. Time passes with "tick" only."""

    @property
    def what(self) -> str:
        """What happened."""

    @property
    def passed(self) -> Nanoseconds:
        """How long it took."""


Step = TypeVar("Step", bound=TimedStep)
Path: TypeAlias = list[tuple[WorldState, Step]]


class NextState(NamedTuple, Generic[Step]):
    """A step, where it leads, and the promise it breaks, if any."""

    step: Step
    state: WorldState
    broken: Promise | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step: seconds since the beginning, what happened, and every node after it."""

    seconds: float
    text: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.seconds:8.3f} s  {' | '.join(self.nodes)}  {self.text}"


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A broken promise and the shortest way there."""

    invariant: Promise
    detail: str
    steps: int
    trace: tuple[TraceLine, ...]


class Space(Protocol[Step]):
    """All states of one scope, and the steps between them."""

    def first(self) -> WorldState:
        """Return the state in which all histories begin."""

    def outcomes(self, state: WorldState) -> Iterator[NextState[Step]]:
        """Yield every step that there is from *state*."""


class Numbering(Generic[Value]):
    """Gives each value a number, the same for equal ones."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self._numbers: dict[Value, int] = {}

    def of(self, value: Value) -> int:
        """Return the number of *value*."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number


def timeline(
    path: Path[Step], last: WorldState
) -> Iterator[tuple[float, WorldState, Step, WorldState]]:
    """Yield the seconds, the state before, the step and the state after it for each step to tell.

    That time passes is told by the seconds of the others alone, except at the end.
    """
    now = 0
    states = [*(state for state, _ in path[1:]), last]
    for (before, step), after in zip(path, states, strict=True):
        now += step.passed
        if step.what != "tick" or after is last:
            yield now / SECOND, before, step, after
