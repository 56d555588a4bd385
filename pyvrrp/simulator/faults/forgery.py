"""Advertisements of a router that does not exist, valid in every respect."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Interface

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address, Family, InterfaceAddress, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import group_of
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.simulator.scenario.fault import Fault

GHOST = 250  # the last octet of its address, 0xFA


def forged(config: VirtualRouterConfig, own: Collection[InterfaceAddress], fault: Fault) -> bytes:
    """Return what the router that does not exist says to the virtual router of *config*.

    *own* are the addresses of a node on that segment: the sender's is near them.
    """
    family = config.id.family
    near = next(one.ip for one in own if len(one.packed) == family)
    source: Address = type(near)(int(near) | GHOST)
    if isinstance(near, IPv4Address):
        network = IPv4Interface(f"{near}/24").network
        source = network.network_address + GHOST
    interval = config.advertisement_interval if config.version is Version.V2 else fault.interval
    advertisement = Advertisement(
        config.version,
        config.id.vrid,
        fault.priority,
        interval,
        tuple(a.ip for a in config.addresses),
    )
    group = group_of(Family(family))
    return advertisement_packet(advertisement, source, group, ChecksumForm.PSEUDO_HEADER)
