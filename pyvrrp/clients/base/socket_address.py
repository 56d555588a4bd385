"""Socket addresses: how to pass an address to a socket call, and which addresses can be used."""

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
    """Return those of *addresses* that are of the family of *source*; None: all.

    Raise ProbeError if there is none.
    """
    if source is None:
        return addresses
    kept = tuple(address for address in addresses if address.version == source.version)
    if not kept:
        kind = f"IPv{source.version}"
        raise ProbeError(f"cannot use source address {source}: {host} has no {kind} one")
    return kept


def bind_to(connection: socket.socket, source: Address, scope: int) -> None:
    """Make *source* the source address of *connection*. Raise ProbeError if this fails."""
    try:
        connection.bind(sockaddr(source, 0, scope if source.is_link_local else 0))
    except OSError as error:
        why = "this host does not have it" if error.errno == EADDRNOTAVAIL else in_words(error)
        raise ProbeError(f"cannot use source address {source}: {why}") from error


def sockaddr(address: Address, port: int, scope: int) -> SocketAddress:
    """Return *address* and *port* in the form that socket calls need. *scope* is for IPv6."""
    if isinstance(address, IPv4Address):
        return str(address), port
    return str(address).partition("%")[0], port, 0, scope


def scope_of(address: Address | None) -> int:
    """Return the interface index of the zone of *address*, such as ``%eth0``; 0: no zone.

    Raise OSError if there is no such interface.
    """
    if not isinstance(address, IPv6Address) or address.scope_id is None:
        return 0
    zone = address.scope_id
    return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
