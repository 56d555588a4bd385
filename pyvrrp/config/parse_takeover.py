"""From flags as keys to what ``pyvrrp takeover`` is to do, or every problem with it.

Pure, like the parser of files, whose words it uses.
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
NO_VRID = 0  # there is no VRRP in it
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
    """Return what *document* (interface, address, lease) and *target* (a check) describe.

    Raise ConfigurationError with all problems at once, paths being keys.
    """
    section = Section(document, "", [])
    address = section.read(ADDRESS)
    lease = section.read(LEASE)
    kind = next(iter(target), "")
    watched = check(Section(target, "check.", section.problems), kind, "")
    if isinstance(watched, EtcdLease):
        problem = Problem(kind, "is no server that could be watched")
        raise ConfigurationError(source, [*section.problems, problem])
    if lease == 0 and not guardian:
        section.refuse(LEASE, "cannot be off without the guardian: nothing would remove it")
    if release_when_back and not section.problems:
        what = _could_be_us(watched.probe, address.ip)
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


def _could_be_us(probe: ProbeConfig, taken: Address) -> str:
    """Return why what is watched may be this host, once it has the address *taken*."""
    host = watched_host(probe)
    try:
        watched = ip_address(host.partition("%")[0])
    except ValueError:
        return (
            f"needs a server named by its own address: {host} may lead to {taken}, "
            "which would be this host"
        )
    if isinstance(watched, IPv6Address) and watched.ipv4_mapped:
        watched = watched.ipv4_mapped
    if watched == taken:
        return (
            f"needs a server that is watched at another address: {taken} would be this host, "
            "so it would always seem back; watch the server's own address"
        )
    return ""
