"""Give each virtual router with a check of the kind lease its key, and check the times."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyvrrp.config.model.configuration import EtcdLease, VirtualRouterConfig
from pyvrrp.config.model.lease_times import shortest_ttl
from pyvrrp.config.model.resources import ResourceConfig, release_time
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.unique import RouterTable
from pyvrrp.config.values.durations import write_duration
from pyvrrp.identity import OWNER_PRIORITY

_OFF = "a daemon that is stopped or hangs would keep the addresses after its key has expired"
_NO_LAST_RESORT = 'must be "release" with a lease: a node with a closed fence must not hold the key'
_OWNER_WITH_LEASE = "takes the addresses without waiting for the key of a lease; at most 254"


def with_leases(
    tables: Sequence[RouterTable],
    leases: Mapping[str, EtcdLease],
    resources: Mapping[str, ResourceConfig | None],
) -> tuple[VirtualRouterConfig, ...]:
    """Return all virtual routers, each with the etcd lease that its checks name.

    The name of the lease is removed from `checks`, because a lease has no probe. Wrong uses are
    reported in the tables.
    """
    routers: list[VirtualRouterConfig] = []
    holders: dict[str, str] = {}
    longest = _longest_address_leases(tables)
    leased_groups: dict[str, EtcdLease] = {}
    for one in tables:
        for entry in one.routers:
            named = [name for name in entry.checks if name in leases]
            if not named:
                routers.append(entry)
                continue
            chain = [found for name in entry.resources if (found := resources.get(name))]
            lease = replace(
                _resolved(leases[named[0]], entry),
                reserve=release_time(chain),
                address_lease=longest.get(entry.group, entry.lease),
            )
            if entry.group:
                leased_groups[entry.group] = lease
            _refuse_bad_use(one, entry, lease, named)
            _refuse_shared_key(one, entry, lease, holders)
            checks = tuple(name for name in entry.checks if name not in leases)
            routers.append(replace(entry, checks=checks, etcd_lease=lease))
    _refuse_endless_address_lease(tables, leased_groups)
    return tuple(routers)


def _longest_address_leases(tables: Sequence[RouterTable]) -> dict[str, int]:
    """Return the longest address lease of each group, whose members depend on one key."""
    longest: dict[str, int] = {}
    for one in tables:
        for entry in one.routers:
            if entry.group:
                longest[entry.group] = max(entry.lease, longest.get(entry.group, 0))
    return longest


def _refuse_endless_address_lease(
    tables: Sequence[RouterTable], groups: Mapping[str, EtcdLease]
) -> None:
    for one in tables:
        for entry in one.routers[:1]:
            lease = groups.get(entry.group)
            if lease is not None and entry.lease == 0 and one.section.good(virtual_router.LEASE):
                what = f'must not be "off" in a group with {lease.check}: {_OFF}'
                one.section.refuse(virtual_router.LEASE, what)


def _resolved(lease: EtcdLease, router: VirtualRouterConfig) -> EtcdLease:
    if lease.key:
        return lease
    # No two nodes may have the address, so its name is in the key. The lowest one does not depend
    # on the name of the virtual router or the order of its addresses in the file of a node.
    lowest = min(router.addresses, key=lambda address: address.ip.packed)
    return replace(lease, key=f"pyvrrp/{lowest.ip}")


def _refuse_bad_use(
    one: RouterTable, router: VirtualRouterConfig, lease: EtcdLease, named: Sequence[str]
) -> None:
    place = f"[{router.checks.index(named[-1])}]"
    if len(named) > 1:
        others = " and ".join(named)
        one.section.refuse(
            virtual_router.CHECKS, f"{others} are two leases; one is enough", inside=place
        )
        return
    if any(weight.check == lease.check for weight in router.weights):
        what = "is a lease: it decides which node may be master and has no weight"
        one.section.refuse(virtual_router.CHECKS, what, inside=place)
    if router.priority == OWNER_PRIORITY:
        what = f"priority {OWNER_PRIORITY} {_OWNER_WITH_LEASE}"
        one.section.refuse(virtual_router.CHECKS, what, inside=place)
    if router.last_resort:
        one.section.refuse(virtual_router.WHEN_ALL_FAIL, _NO_LAST_RESORT)
    if router.lease == 0 and not router.group and one.section.good(virtual_router.LEASE):
        one.section.refuse(virtual_router.LEASE, f'must not be "off" with {lease.check}: {_OFF}')
        return
    shortest = shortest_ttl(lease)
    if lease.ttl < shortest and one.section.good(virtual_router.LEASE, virtual_router.INTERVAL):
        what = (
            f"the ttl of {lease.check}, {lease.ttl}s, must be at least {shortest}s: the sum of "
            f"the address lease of {lease.address_lease}s, 1.5s by which the kernel may remove an "
            f"address late, 1% for clocks, one interval ({write_duration(lease.interval)}) and two "
            f"timeouts ({write_duration(lease.timeout)})"
        )
        if lease.reserve:
            what += (
                f", and {write_duration(lease.reserve)} in which the resources stop: the sum of "
                "their stop_timeout, the longest one twice, and 2s each to kill what hangs"
            )
        one.section.refuse(virtual_router.CHECKS, what, inside=place)


def _refuse_shared_key(
    one: RouterTable, router: VirtualRouterConfig, lease: EtcdLease, holders: dict[str, str]
) -> None:
    this = f"{one.path} ({router.id.family.label})"
    holder = holders.setdefault(lease.key, this)
    if holder != this:
        what = (
            f"{this} would share the key {lease.key} of {lease.check} with {holder}, but a key has "
            "one holder; without key each virtual router has its own"
        )
        one.section.refuse(virtual_router.CHECKS, what)
