"""Addresses as socket calls want them, and which of them can be used."""

import socket
from errno import EADDRNOTAVAIL
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.identity import Address

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


def usable(
    addresses: tuple[Address, ...], source: Address | None, host: str
) -> tuple[Address, ...]:
    """Return those of *addresses* that *source* can reach; raise ProbeError if there is none."""
    if source is None:
        return addresses
    kept = tuple(address for address in addresses if address.version == source.version)
    if not kept:
        kind = f"IPv{source.version}"
        raise ProbeError(f"cannot use source address {source}: {host} has no {kind} one")
    return kept


def bind_to(connection: socket.socket, source: Address, scope: int) -> None:
    """Let *connection* send from *source*; raise ProbeError if it cannot."""
    try:
        connection.bind(sockaddr(source, 0, scope if source.is_link_local else 0))
    except OSError as error:
        why = "this host does not have it" if error.errno == EADDRNOTAVAIL else in_words(error)
        raise ProbeError(f"cannot use source address {source}: {why}") from error


def sockaddr(address: Address, port: int, scope: int) -> SocketAddress:
    """Return *address* as the socket calls of its family want it."""
    if isinstance(address, IPv4Address):
        return str(address), port
    return str(address).partition("%")[0], port, 0, scope


def scope_of(address: Address | None) -> int:
    """Return the interface index that a zone such as ``%eth0`` names; 0: there is no zone."""
    if not isinstance(address, IPv6Address) or address.scope_id is None:
        return 0
    zone = address.scope_id
    return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
