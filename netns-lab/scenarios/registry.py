"""All scenarios: the directories are the registry.

The docstring of a scenario's module is its promise. Its function `experiments` runs its experiments
one after the other and yields what was found. `NEEDS` are the implementations it needs.
`ALONE = True` keeps others from running beside it.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from results.result import ExperimentResult
from scenarios.options import ScenarioOptions


@dataclass(frozen=True, slots=True)
class LabScenario:
    """One scenario: its name, its promise, what it needs, and how to run it."""

    name: str
    promise: str
    needs: tuple[str, ...]  # implementations
    run: Callable[[ScenarioOptions], Iterator[ExperimentResult]]
    alone: bool = False  # no other scenario may run beside it


def scenarios() -> dict[str, LabScenario]:
    """Return all scenarios by name, in the order of their names."""
    here = Path(__file__).parent
    modules = {
        module.name: f"scenarios.{folder.name}.{module.name}"
        for folder in here.iterdir()
        if folder.is_dir()
        for module in pkgutil.iter_modules([str(folder)])
        if not module.name.startswith("_")
    }
    return {name: _load(name, modules[name]) for name in sorted(modules)}


def _load(name: str, dotted: str) -> LabScenario:
    module = importlib.import_module(dotted)
    promise = inspect.getdoc(module) or ""
    alone = getattr(module, "ALONE", False)
    return LabScenario(name, promise, module.NEEDS, module.experiments, alone)
