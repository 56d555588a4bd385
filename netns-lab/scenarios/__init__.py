"""What can go wrong, and what must be seen then: one module each.

A scenario's docstring is its promise. Its function `experiments` runs them one after the other and
yields what was found. `ALONE = True` keeps others from running beside it. The directory is the
registry.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from experiments.result import ExperimentResult
from experiments.timeline import Event


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may ask of a scenario."""

    interval_ms: int = 0  # 0: what the scenario thinks best
    thorough: bool = False  # take the time for what is shortened otherwise
    listen: Callable[[Event], None] | None = None  # for a program that shows events as they come


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its name, its promise, what it needs, and how to run it."""

    name: str
    promise: str
    needs: tuple[str, ...]  # implementations
    run: Callable[[Options], Iterator[ExperimentResult]]
    alone: bool = False  # it wants the machine to itself


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: _load(name) for name in names}


def _load(name: str) -> Scenario:
    module = importlib.import_module(f"{__name__}.{name}")
    promise = inspect.getdoc(module) or ""
    alone = getattr(module, "ALONE", False)
    return Scenario(name, promise, module.NEEDS, module.experiments, alone)
