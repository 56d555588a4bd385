"""The resources of each virtual router together: whether they exist, and are safe to run."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.config.router.resource_keys import ACCEPT_SPLIT_BRAIN, ON_STOP_FAILURE, RESOURCES
from pyvrrp.config.router.unique import RouterTable
from pyvrrp.config.router.virtual_router import WHEN_ALL_FAIL
from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import suggestion

_NO_LAST_RESORT = (
    'must be "release" with an exclusive resource: two failed nodes could both be the last resort'
)


def refuse_bad_chains(
    tables: Sequence[RouterTable],
    resources: Mapping[str, ResourceConfig | None],
    leases: Collection[str],
    *,
    guardian: bool,
) -> None:
    """Report resources that do not exist or are used twice, and chains that are not safe to run.

    *leases* are the names of the checks of the kind lease. A resource that is None in *resources*
    is wrong and has been reported.
    """
    taken: dict[str, str] = {}
    for one in tables:
        section = one.section
        if not one.routers or not section.good(RESOURCES):
            continue
        entry = one.routers[0]
        for index, used in enumerate(entry.resources):
            if used not in resources:
                what = f"there is no resource {shown(used)}{suggestion(used, resources)}"
                section.refuse(RESOURCES, what, inside=f"[{index}]")
            elif used in taken:
                what = f"{shown(used)} is used by {taken[used]} already"
                section.refuse(RESOURCES, what, inside=f"[{index}]")
            taken.setdefault(used, one.path)
        for key in filter(section.given, (ON_STOP_FAILURE, ACCEPT_SPLIT_BRAIN)):
            if not entry.resources:
                section.refuse(key, "has a meaning with resources only")
        chain = [found for used in entry.resources if (found := resources.get(used)) is not None]
        if entry.last_resort and any(one.exclusive for one in chain):
            section.refuse(WHEN_ALL_FAIL, _NO_LAST_RESORT)
        for what in _unsafe(one.routers, chain, leases, guardian=guardian):
            section.refuse(RESOURCES, what)


def _unsafe(
    entries: Sequence[VirtualRouterConfig],
    chain: Sequence[ResourceConfig],
    leases: Collection[str],
    *,
    guardian: bool,
) -> Iterator[str]:
    entry = entries[0]
    if entry.resources and len(entries) > 1:
        yield (
            "need a virtual router of one family, because IPv4 and IPv6 have an election each: "
            "write a second virtual router for the addresses of the other family"
        )
    exclusive = next((resource.name for resource in chain if resource.exclusive), None)
    if exclusive is None:
        return
    if not guardian:
        yield f"{exclusive} is exclusive, and only the guardian stops it when the daemon dies"
    protected = set(leases).intersection(entry.checks) or entry.on_stop_failure
    if not protected and not entry.accepts_split_brain:
        yield (
            f"{exclusive} is exclusive, but two nodes that do not reach each other would both run "
            'it: add a check with a lease, or on_stop_failure = "exec:COMMAND" (a power switch), '
            "or i_accept_split_brain = true"
        )
