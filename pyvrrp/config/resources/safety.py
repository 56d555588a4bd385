"""The resources of a virtual router together: whether they are known, and safe to run."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.config.router.resource_keys import ACCEPT_SPLIT_BRAIN, ON_STOP_FAILURE, RESOURCES
from pyvrrp.config.router.unique import Written
from pyvrrp.config.router.virtual_router import WHEN_ALL_FAIL
from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import suggestion

_NO_LAST_RESORT = (
    'must be "release" beside an exclusive resource: two nodes that fail could both be the last'
)


def refuse_bad_chains(
    written: Sequence[Written],
    resources: Mapping[str, ResourceConfig | None],
    leases: Collection[str],
    *,
    guardian: bool,
) -> None:
    """Report resources that do not exist or stand in two places, and chains that are not safe.

    *leases* are the names of the checks that are leases in etcd. A resource of *resources* that
    is None has problems of its own.
    """
    taken: dict[str, str] = {}
    for one in written:
        section = one.section
        if not one.entries or not section.good(RESOURCES):
            continue
        entry = one.entries[0]
        for index, used in enumerate(entry.resources):
            if used not in resources:
                what = f"there is no resource {shown(used)}{suggestion(used, resources)}"
                section.refuse(RESOURCES, what, inside=f"[{index}]")
            elif used in taken:
                what = f"{shown(used)} belongs to {taken[used]} already; one chain owns it"
                section.refuse(RESOURCES, what, inside=f"[{index}]")
            taken.setdefault(used, one.path)
        for key in filter(section.given, (ON_STOP_FAILURE, ACCEPT_SPLIT_BRAIN)):
            if not entry.resources:
                section.refuse(key, "has a meaning with resources only")
        chain = [found for used in entry.resources if (found := resources.get(used)) is not None]
        if entry.last_resort and any(one.exclusive for one in chain):
            section.refuse(WHEN_ALL_FAIL, _NO_LAST_RESORT)
        for what in _unsafe(one.entries, chain, leases, guardian=guardian):
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
            "need one election, and IPv4 and IPv6 have one each: give the addresses of one family "
            "to a virtual router of their own"
        )
    exclusive = next((resource.name for resource in chain if resource.exclusive), None)
    if exclusive is None:
        return
    if not guardian:
        yield f"{exclusive} is exclusive, and only with guardian = true will a dead daemon stop it"
    behind = set(leases).intersection(entry.checks) or entry.on_stop_failure
    if not behind and not entry.accepts_split_brain:
        yield (
            f"{exclusive} is exclusive, and nothing keeps two cut-off nodes from running it both: "
            'add a check with a lease, or on_stop_failure = "exec:COMMAND" (a power switch), or '
            "write i_accept_split_brain = true"
        )
