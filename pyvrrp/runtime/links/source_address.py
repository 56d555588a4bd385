"""Which of the addresses of an interface advertisements are sent from."""

from collections.abc import Sequence
from ipaddress import IPv4Interface

from pyvrrp.identity import Address, Family, InterfaceAddress


def source_address(
    own: Sequence[InterfaceAddress], family: Family, peers: Sequence[Address]
) -> Address | None:
    """Return one of *own*, or None if none will do.

    To the group it is the first one, for IPv6 the link-local one (RFC 9568 section 5.1.2.1). To
    peers it is the one that stands among them, since the others believe that, then one in the
    network of a peer.
    """
    usable = [address for address in own if len(address.packed) == family]
    if family is Family.IPV6:
        local = not peers or any(peer.is_link_local for peer in peers)
        usable = [address for address in usable if address.ip.is_link_local == local]
    listed = (address for address in usable if address.ip in peers)
    near = (address for address in usable if any(peer in address.network for peer in peers))
    found = next(listed, None) or next(near, None) or next(iter(usable), None)
    return None if found is None else found.ip


def becomes_a_source(
    virtual: Sequence[InterfaceAddress], own: Sequence[InterfaceAddress]
) -> list[IPv4Interface]:
    """Return which *virtual* addresses the kernel would choose as the source of own packets.

    That is the first IPv4 address of its network on an interface that has the addresses *own*. A
    host address (/32) makes no network. IPv6 addresses are deprecated, so they are never chosen.
    """
    virtual_hosts = {address.ip for address in virtual}
    networks = {address.network for address in own if address.ip not in virtual_hosts}
    return [
        address
        for address in virtual
        if isinstance(address, IPv4Interface)
        and address.network.prefixlen < address.max_prefixlen
        and address.network not in networks
    ]


def what_to_set(source: IPv4Interface) -> str:
    """Return what keeps the host from sending from the virtual address *source*."""
    return f"Set {source.ip}/32, or give the interface an address of its own in that network"
