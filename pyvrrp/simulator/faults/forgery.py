"""Advertisements of a router that does not exist, valid in every respect."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Interface

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, Family, InterfaceAddress, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import AUTHENTICATION_OCTETS, group_of
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.simulator.scenario.fault import Fault
from pyvrrp.units import SECOND, Nanoseconds

GHOST = 250  # the last octet of its address, 0xFA
STRANGER = 251  # that of the router in another version: it never becomes one of this version


def forged(config: VirtualRouterConfig, own: Collection[InterfaceAddress], fault: Fault) -> bytes:
    """Return what the router that does not exist says to the virtual router of *config*.

    *own* are the addresses of a node on that segment: the sender's is near them.
    """
    group = group_of(Family(config.id.family))
    interval = config.advertisement_interval if config.version is Version.V2 else fault.interval
    advertisement = Advertisement(
        config.version,
        config.id.vrid,
        fault.priority,
        interval,
        tuple(a.ip for a in config.addresses),
    )
    return advertisement_packet(
        advertisement, _near(own, config, GHOST), group, ChecksumForm.PSEUDO_HEADER
    )


def foreign(
    config: VirtualRouterConfig, own: Collection[InterfaceAddress], priority: int
) -> tuple[bytes, Version, Nanoseconds]:
    """Return what a router in the other version says, that version, and its interval.

    The virtual router of *config* is one over IPv4: over IPv6 there is no other version.
    """
    version = Version.V3 if config.version is Version.V2 else Version.V2
    interval = config.advertisement_interval
    if version is Version.V2:
        interval = Nanoseconds(max(interval // SECOND, 1) * SECOND)
    addresses = tuple(a.ip for a in config.addresses)
    data = bytes(AUTHENTICATION_OCTETS) if version is Version.V2 else b""
    advertisement = Advertisement(
        version, config.id.vrid, priority, interval, addresses, auth_data=data
    )
    group = group_of(Family(config.id.family))
    packet = advertisement_packet(
        advertisement, _near(own, config, STRANGER), group, ChecksumForm.PSEUDO_HEADER
    )
    return packet, version, interval


def _near(own: Collection[InterfaceAddress], config: VirtualRouterConfig, octet: int) -> Address:
    """Return the address near *own* that ends with *octet*."""
    family = config.id.family
    near = next(one.ip for one in own if len(one.packed) == family)
    source: Address = type(near)(int(near) | octet)
    if isinstance(near, IPv4Address):
        network = IPv4Interface(f"{near}/24").network
        source = network.network_address + octet
    return source
