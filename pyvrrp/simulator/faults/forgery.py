"""Advertisements of a router that does not exist, valid in every respect."""

from ipaddress import IPv4Address, IPv4Interface

from pyvrrp.identity import Address, Family, Version, VirtualRouterId
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import group_of
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.scenario.fault import Fault

GHOST = 250  # the last octet of its address


def forged(seat: ObservedRouter, key: VirtualRouterId, fault: Fault) -> bytes:
    """Return what the ghost says to the virtual router of *seat*."""
    config = seat.config
    near = next(a for a in seat.own() if len(a.packed) == key.family)
    source: Address = type(near)(int(near) | 0xFA)
    if isinstance(near, IPv4Address):
        network = IPv4Interface(f"{near}/24").network
        source = network.network_address + GHOST
    interval = config.advertisement_interval if config.version is Version.V2 else fault.interval
    advertisement = Advertisement(
        config.version,
        key.vrid,
        fault.priority,
        interval,
        tuple(a.ip for a in config.addresses),
    )
    group = group_of(Family(key.family))
    return advertisement_packet(advertisement, source, group, ChecksumForm.PSEUDO_HEADER)
