"""Make a `TakeoverConfig` from the flags of ``pyvrrp takeover``.

The flags have the same meaning as the keys of the file, and the same parsers read them.
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from pyvrrp.config.checks.check import check
from pyvrrp.config.model.configuration import EtcdLease, ProbeConfig, VirtualRouterConfig
from pyvrrp.config.model.takeover import TakeoverConfig, watched_host
from pyvrrp.config.router.policies import automatic_lease
from pyvrrp.config.router.virtual_router import LEASE
from pyvrrp.config.values.addresses import interface_address
from pyvrrp.config.values.scalars import interface_name
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.identity import Address, Family, InterfaceAddress, Place, VirtualRouterId
from pyvrrp.units import SECOND

NAME = "takeover"
NO_VRID = 0  # a takeover does not use VRRP
INTERFACE = Key("interface", interface_name, "lo", required=True)
ADDRESS: Key[InterfaceAddress] = Key("address", interface_address, "192.0.2.1/32", required=True)
RELEASE_WHEN_BACK = "release_when_back"


def takeover(
    document: Mapping[str, object],
    target: Mapping[str, object],
    source: str,
    *,
    force: bool = False,
    release_when_back: bool = False,
    guardian: bool = True,
) -> TakeoverConfig:
    """Return the takeover that *document* and *target* describe.

    *document* has the keys interface, address and lease, *target* those of a check. Raise
    ConfigurationError with all problems at once; their paths are keys.
    """
    section = Section(document, "", [])
    address = section.read(ADDRESS)
    lease = section.read(LEASE)
    kind = next(iter(target), "")
    watched = check(Section(target, "check.", section.problems), kind, "")
    if isinstance(watched, EtcdLease):
        problem = Problem(kind, "is not a server that can be watched")
        raise ConfigurationError(source, [*section.problems, problem])
    if lease == 0 and not guardian:
        what = "cannot be off without the guardian: nothing would remove the address"
        section.refuse(LEASE, what)
    if release_when_back and not section.problems:
        what = _why_target_may_be_this_host(watched.probe, address.ip)
        if what:
            section.problems.append(Problem(RELEASE_WHEN_BACK, what))
    place = Place("", section.read(INTERFACE))
    if section.problems:
        raise ConfigurationError(source, section.problems)
    family = Family(len(address.packed))
    router = VirtualRouterConfig(
        name=NAME,
        id=VirtualRouterId(place, family, NO_VRID),
        addresses=(address,),
        lease=automatic_lease(SECOND) if lease is None else lease,
    )
    return TakeoverConfig(router, watched, force, release_when_back, guardian)


def _why_target_may_be_this_host(probe: ProbeConfig, taken: Address) -> str:
    """Return why *probe* may reach this host when it has the address *taken*; empty: it cannot."""
    host = watched_host(probe)
    try:
        watched = ip_address(host.partition("%")[0])
    except ValueError:
        return (
            f"needs the own address of the server: the name {host} may resolve to {taken}, "
            "which is then an address of this host"
        )
    if isinstance(watched, IPv6Address) and watched.ipv4_mapped:
        watched = watched.ipv4_mapped
    if watched == taken:
        return (
            f"needs a server that is watched at another address: {taken} is then an address of "
            "this host, and the server would always seem to be back; watch its own address"
        )
    return ""
