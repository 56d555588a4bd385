"""Which virtual router holds which key in etcd, and whether its times leave room for that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyvrrp.config.model.configuration import EtcdLease, VirtualRouterConfig
from pyvrrp.config.model.lease_times import shortest_ttl
from pyvrrp.config.model.resources import ResourceConfig, release_time
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.unique import Written
from pyvrrp.config.values.durations import write_duration

_OWNER = 255
_OFF = "a daemon that is stopped or hangs would keep the addresses after its key has expired"
_NO_LAST_RESORT = (
    'must be "release" beside a lease: whoever wants one holder at most wants no holder that is ill'
)
_ASKS_NOBODY = "255 takes the addresses without asking, and a lease is for asking; at most 254"


def with_leases(
    written: Sequence[Written],
    leases: Mapping[str, EtcdLease],
    resources: Mapping[str, ResourceConfig | None],
) -> tuple[VirtualRouterConfig, ...]:
    """Return all virtual routers, each with the lease that its checks name; report what is wrong.

    A lease is no probe, so its name leaves `checks`.
    """
    routers: list[VirtualRouterConfig] = []
    holders: dict[str, str] = {}
    longest = _longest_address_leases(written)
    leased_groups: dict[str, EtcdLease] = {}
    for one in written:
        for entry in one.entries:
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
    _refuse_endless(written, leased_groups)
    return tuple(routers)


def _longest_address_leases(written: Sequence[Written]) -> dict[str, int]:
    """Return the longest of each group: its members' addresses all hang on one key."""
    longest: dict[str, int] = {}
    for one in written:
        for entry in one.entries:
            if entry.group:
                longest[entry.group] = max(entry.lease, longest.get(entry.group, 0))
    return longest


def _refuse_endless(written: Sequence[Written], groups: Mapping[str, EtcdLease]) -> None:
    for one in written:
        for entry in one.entries[:1]:
            lease = groups.get(entry.group)
            if lease is not None and entry.lease == 0 and one.section.good(virtual_router.LEASE):
                what = f'must not be "off" in a group with {lease.check}: {_OFF}'
                one.section.refuse(virtual_router.LEASE, what)


def _resolved(lease: EtcdLease, router: VirtualRouterConfig) -> EtcdLease:
    if lease.key:
        return lease
    # The address is what must not be there twice, and it is the same on every node, whatever the
    # files call the virtual router and in whatever order they list its addresses.
    lowest = min(router.addresses, key=lambda address: address.ip.packed)
    return replace(lease, key=f"pyvrrp/{lowest.ip}")


def _refuse_bad_use(
    one: Written, router: VirtualRouterConfig, lease: EtcdLease, named: Sequence[str]
) -> None:
    place = f"[{router.checks.index(named[-1])}]"
    if len(named) > 1:
        others = " and ".join(named)
        one.section.refuse(
            virtual_router.CHECKS, f"{others} are two leases; one is enough", inside=place
        )
        return
    if any(weight.check == lease.check for weight in router.weights):
        what = "is a lease: it decides who may be master and has no weight"
        one.section.refuse(virtual_router.CHECKS, what, inside=place)
    if router.priority == _OWNER:
        one.section.refuse(virtual_router.CHECKS, f"priority {_ASKS_NOBODY}", inside=place)
    if router.last_resort:
        one.section.refuse(virtual_router.WHEN_ALL_FAIL, _NO_LAST_RESORT)
    if router.lease == 0 and not router.group and one.section.good(virtual_router.LEASE):
        one.section.refuse(virtual_router.LEASE, f'must not be "off" beside {lease.check}: {_OFF}')
        return
    shortest = shortest_ttl(lease)
    if lease.ttl < shortest and one.section.good(virtual_router.LEASE, virtual_router.INTERVAL):
        what = (
            f"the ttl of {lease.check}, {lease.ttl}s, must be at least {shortest}s: it has to "
            f"outlast the address lease of {lease.address_lease}s, 1.5s in which the kernel may be "
            f"late with it, 1% for clocks, one interval ({write_duration(lease.interval)}) and two "
            f"timeouts ({write_duration(lease.timeout)})"
        )
        if lease.reserve:
            what += (
                f", and {write_duration(lease.reserve)} in which the resources stop: the sum of "
                "their stop_timeout, the longest one twice, and 2s each to kill what hangs"
            )
        one.section.refuse(virtual_router.CHECKS, what, inside=place)


def _refuse_shared_key(
    one: Written, router: VirtualRouterConfig, lease: EtcdLease, holders: dict[str, str]
) -> None:
    family = router.id.family.name.replace("IPV", "IPv")
    me = f"{one.path} ({family})"
    holder = holders.setdefault(lease.key, me)
    if holder != me:
        what = (
            f"{me} would share the key {lease.key} of {lease.check} with {holder}, and a key has "
            "one holder; leave key out, so that each virtual router has its own"
        )
        one.section.refuse(virtual_router.CHECKS, what)
