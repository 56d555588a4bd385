"""Warnings about the resources of a valid configuration."""

from collections.abc import Iterator

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig
from pyvrrp.config.values.sections import path_key
from pyvrrp.errors import Problem

_BOTH_AT_ONCE = (
    "a better node that comes back starts the resources while this one still stops them; set "
    "preempt = false, or add a check with a lease"
)
_NOT_MONITORED = (
    "is missing: nothing detects that the resource died, and a start is complete when its command "
    "has ended"
)
_LEFT_RUNNING = "with guardian = false the resources keep running when the daemon dies"


def lint_resources(configuration: Configuration) -> Iterator[Problem]:
    """Return a warning for everything about resources that is allowed but probably wrong."""
    for router in configuration.virtual_routers:
        if router.resources:
            path = f'virtual_router "{router.name}"'
            if router.preempt and router.etcd_lease is None:
                yield Problem(f"{path}.preempt", _BOTH_AT_ONCE)
            if not configuration.guardian:
                yield Problem(f"{path}.resources", _LEFT_RUNNING)
    used = _used((*configuration.virtual_routers, *configuration.elsewhere))
    for resource in configuration.resources:
        path = f"resource.{path_key(resource.name)}"
        if resource.name not in used:
            yield Problem(path, "is used by no virtual router")
        if not resource.monitor:
            yield Problem(f"{path}.monitor", _NOT_MONITORED)


def _used(routers: tuple[VirtualRouterConfig, ...]) -> set[str]:
    return {name for router in routers for name in router.resources}
