"""What can be built: one module each, with a `build` function; the directory is the registry."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from pyvrrp.testing.segment import Network
from topologies.base import Topology


@dataclass(frozen=True, slots=True)
class Plan:
    """One topology: its name, what it is, and how to build it."""

    name: str
    promise: str
    build: Callable[[Network], Topology]


def topologies() -> dict[str, Plan]:
    """Return all topologies by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: _load(name) for name in names if name != "base"}


def _load(name: str) -> Plan:
    module = importlib.import_module(f"{__name__}.{name}")
    return Plan(name, inspect.getdoc(module) or "", module.build)
