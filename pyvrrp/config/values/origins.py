"""The file that each part of a document comes from, for the paths in problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.sections import path_key, path_with_name


@dataclass(frozen=True, slots=True)
class Origins:
    """The beginnings of the paths in a document that was merged from several files.

    Everything is empty for a document from one file.
    """

    files: Mapping[str, str] = field(default_factory=dict)  # "FILE: " by top-level key
    virtual_routers: Sequence[str] = ()  # paths in the order of the merged document
    checks: Mapping[str, str] = field(default_factory=dict)  # paths by name
    resources: Mapping[str, str] = field(default_factory=dict)  # paths by name
    hooks: Mapping[str, str] = field(default_factory=dict)  # paths by name

    def virtual_router(self, index: int, entry: object) -> str:
        """Return the path of a virtual router: ``virtual_router[0] "web"``."""
        merged = index < len(self.virtual_routers)
        path = self.virtual_routers[index] if merged else f"virtual_router[{index}]"
        return path_with_name(path, entry)

    def check(self, name: str) -> str:
        """Return the path of a check: ``check.web``."""
        return self.checks.get(name, f"check.{path_key(name)}")

    def resource(self, name: str) -> str:
        """Return the path of a resource: ``resource.database``."""
        return self.resources.get(name, f"resource.{path_key(name)}")

    def hook(self, name: str) -> str:
        """Return the path of a hook: ``hook.notify``."""
        return self.hooks.get(name, f"hook.{path_key(name)}")


ONE_FILE = Origins()
