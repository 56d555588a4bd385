"""What the command line may ask of a scenario."""

from collections.abc import Callable
from dataclasses import dataclass

from results.timeline import LabEvent


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """How a scenario is to run."""

    interval_ms: int = 0  # 0: what the scenario thinks best
    thorough: bool = False  # take the time for what is shortened otherwise
    listen: Callable[[LabEvent], None] | None = None  # for a program that shows events as they come
