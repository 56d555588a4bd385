"""Addresses for the interfaces of simulated nodes, where the scenario names none."""

from collections.abc import Mapping

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.identity import Family, InterfaceAddress, Place

_ROOM = 64  # a network of fewer addresses is widened, so that all nodes find theirs


def own_addresses(
    configuration: Configuration, index: int
) -> Mapping[Place, tuple[InterfaceAddress, ...]]:
    """Return addresses for the *index*-th node's interfaces, near the virtual ones.

    IPv4: the next free address in the network of the first virtual address. A network with few
    addresses is widened. IPv6: link-local. Where peers are configured: the *index*-th of them.
    """
    found: dict[Place, dict[Family, InterfaceAddress]] = {}
    for router in configuration.virtual_routers:
        for link in router.links:
            by_family = found.setdefault(link.place, {})
            near = router.addresses[0]
            if index < len(link.peers):
                length = near.network.prefixlen
                by_family[router.id.family] = type(near)((int(link.peers[index]), length))
            elif router.id.family not in by_family:
                by_family[router.id.family] = _own(configuration, near, index)
    return {place: tuple(by_family.values()) for place, by_family in found.items()}


def _own(configuration: Configuration, near: InterfaceAddress, index: int) -> InterfaceAddress:
    if near.version == 6:  # noqa: PLR2004 - IPv6
        return type(near)(f"fe80::a:{index + 1:x}/64")
    network = near.network
    if network.num_addresses <= _ROOM:
        network = network.supernet(new_prefix=24)
    taken = {int(a.ip) for r in configuration.virtual_routers for a in r.addresses}
    left, number = index, int(network.network_address) + 1
    while number in taken or left:
        left -= number not in taken
        number += 1
    return type(near)((number, network.prefixlen))
