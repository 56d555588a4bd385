"""Where each part of a document stands, for the paths of its problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.sections import bare, labelled


@dataclass(frozen=True, slots=True)
class Origins:
    """What leads the path of each part of a document; empty for a document of one file."""

    files: Mapping[str, str] = field(default_factory=dict)  # by top-level key, as "FILE: "
    virtual_routers: Sequence[str] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)

    def virtual_router(self, index: int, entry: object) -> str:
        """Return the path of a virtual router: ``virtual_router[0] "web"``."""
        in_several = index < len(self.virtual_routers)
        path = self.virtual_routers[index] if in_several else f"virtual_router[{index}]"
        return labelled(path, entry)

    def check(self, name: str) -> str:
        """Return the path of a check: ``check.web``."""
        return self.checks.get(name, f"check.{bare(name)}")

    def resource(self, name: str) -> str:
        """Return the path of a resource: ``resource.database``."""
        return self.resources.get(name, f"resource.{bare(name)}")


ONE_FILE = Origins()
