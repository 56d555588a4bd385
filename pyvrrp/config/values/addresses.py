"""Virtual addresses: which are allowed, and in which order they are advertised."""

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)

from pyvrrp.config.values.scalars import shown, text, wrong
from pyvrrp.identity import Address, Family, InterfaceAddress, Version

_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_LIMITED_BROADCAST = IPv4Address("255.255.255.255")
_PREFIX = re.compile("[0-9]{1,3}")
_MTU = 1500
_COUNT_OCTET = 255


def address(value: object) -> Address:
    """Return *value* as the address of a host, without a prefix length.

    Raise WrongValueError if it is not one.
    """
    if "%" in text(value):
        raise wrong(f"{shown(value)} must not name a zone: write the address alone")
    try:
        parsed = ip_address(text(value))
    except ValueError:
        raise wrong(f"{shown(value)} is not an IP address") from None
    kind = _unusable(parsed)
    if kind:
        raise wrong(f"{shown(value)} is {kind} and cannot be used here")
    return parsed


def interface_address(value: object) -> InterfaceAddress:
    """Return *value* as an address with its prefix length; the default is /32 or /128.

    Raise WrongValueError if it is not one.
    """
    host_text, slash, prefix_text = text(value).partition("/")
    host = address(host_text)
    longest = host.max_prefixlen
    length: int = longest
    if slash:
        length = _prefix(prefix_text)
        if not 1 <= length <= longest:
            raise wrong(f"the prefix length of {shown(value)} must be from 1 to {longest}")
    parsed = ip_interface(f"{host}/{length}")
    _refuse_ends_of_network(parsed)
    return parsed


def _prefix(written: str) -> int:
    # 0 is refused by the caller. `ip_interface` would also accept a netmask.
    return int(written) if _PREFIX.fullmatch(written) else 0


def _unusable(host: Address) -> str:
    if host.is_multicast:
        return "a multicast address"
    if host.is_loopback:
        return "a loopback address"
    if host.is_unspecified:
        return "the unspecified address"
    if isinstance(host, IPv6Address):
        return "an IPv4-mapped IPv6 address" if host.ipv4_mapped else ""
    if host == _LIMITED_BROADCAST:
        return "the broadcast address"
    return "an address of 0.0.0.0/8" if host in _THIS_NETWORK else ""


def _refuse_ends_of_network(parsed: InterfaceAddress) -> None:
    # In a /31, /32, /127 or /128 no address stands for the network itself (RFC 3021, RFC 6164).
    if parsed.max_prefixlen - parsed.network.prefixlen <= 1:
        return
    if parsed.ip == parsed.network.network_address:
        raise wrong(f'"{parsed}" is the network itself, not an address in it')
    if isinstance(parsed, IPv4Interface) and parsed.ip == parsed.network.broadcast_address:
        raise wrong(f'"{parsed}" is the broadcast address of its network')


def advertised_order(addresses: Sequence[InterfaceAddress]) -> tuple[InterfaceAddress, ...]:
    """Return *addresses* with a link-local address first, if any (RFC 9568 section 5.2.9)."""
    link_local = (a for a in addresses if isinstance(a, IPv6Interface) and a.ip.is_link_local)
    first = next(link_local, None)
    if first is None:
        return tuple(addresses)
    return (first, *(address for address in addresses if address is not first))


def most_addresses(version: Version, family: Family) -> int:
    """Return how many addresses fit into one advertisement with an MTU of 1500 octets."""
    ip_header = 20 if family is Family.IPV4 else 40
    fixed = 8 + (8 if version is Version.V2 else 0)
    return min(_COUNT_OCTET, (_MTU - ip_header - fixed) // family)
