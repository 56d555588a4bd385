"""What a configuration had better not say about resources: warnings, which change nothing."""

from collections.abc import Iterator

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig
from pyvrrp.config.values.sections import bare
from pyvrrp.errors import Problem

_BOTH_AT_ONCE = (
    "a better node that comes back starts the resources while this one still stops them; say "
    "preempt = false, or put a lease behind them"
)
_UNSEEN = "is missing: nobody notices when it dies, and a start counts as done when it has ended"
_LEFT_BEHIND = "with guardian = false a daemon that dies leaves the resources running"


def lint_resources(configuration: Configuration) -> Iterator[Problem]:
    """Return a warning for everything about resources that deserves a second look."""
    for router in configuration.virtual_routers:
        if router.resources:
            path = f'virtual_router "{router.name}"'
            if router.preempt and router.etcd_lease is None:
                yield Problem(f"{path}.preempt", _BOTH_AT_ONCE)
            if not configuration.guardian:
                yield Problem(f"{path}.resources", _LEFT_BEHIND)
    used = _used((*configuration.virtual_routers, *configuration.elsewhere))
    for resource in configuration.resources:
        path = f"resource.{bare(resource.name)}"
        if resource.name not in used:
            yield Problem(path, "is used by no virtual router")
        if not resource.monitor:
            yield Problem(f"{path}.monitor", _UNSEEN)


def _used(routers: tuple[VirtualRouterConfig, ...]) -> set[str]:
    return {name for router in routers for name in router.resources}
