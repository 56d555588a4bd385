"""What identifies a virtual router: network namespace, interface, address family, VRID."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
InterfaceAddress: TypeAlias = IPv4Interface | IPv6Interface

SHOWN = 8  # addresses of a list that a stranger sent: there may be 255
OWNER_PRIORITY = 255  # sent only by the node that owns the addresses (RFC 9568 section 5.2.4)


def some_of(addresses: Sequence[Address]) -> str:
    """Return the first 8 of *addresses* as a text, and how many more there are."""
    listed = ", ".join(str(address) for address in addresses[:SHOWN])
    more = len(addresses) - SHOWN
    return f"{listed} and {more} more" if more > 0 else listed


class Version(IntEnum):
    """The versions of VRRP that pyvrrp sends and accepts."""

    V2 = 2
    V3 = 3


class Family(IntEnum):
    """Address family. The value is the length of an address in octets."""

    IPV4 = 4
    IPV6 = 16

    @property
    def label(self) -> str:
        """The name for texts: IPv4 or IPv6."""
        return "IPv4" if self is Family.IPV4 else "IPv6"


@dataclass(frozen=True, slots=True)
class Place:
    """Names one interface in one network namespace.

    An empty *netns* stands for the namespace that the daemon was started in.
    """

    netns: str
    interface: str

    def __str__(self) -> str:
        return f"{self.netns}:{self.interface}" if self.netns else self.interface


@dataclass(frozen=True, slots=True)
class VirtualRouterId:
    """Identifies one virtual router. *vrid* is 1 to 255.

    The family is part of it: with the same VRID on the same interface, a virtual router of IPv4
    and one of IPv6 are two (RFC 9568 section 3).
    """

    place: Place
    family: Family
    vrid: int

    def __str__(self) -> str:
        return f"{self.place}/{self.family.name.lower()}/{self.vrid}"


def virtual_mac(family: Family, vrid: int) -> bytes:
    """Return the virtual router MAC address (RFC 9568 section 7.3).

    It is 00-00-5E-00-01-{VRID} for IPv4 and 00-00-5E-00-02-{VRID} for IPv6.
    """
    family_octet = 1 if family is Family.IPV4 else 2
    return bytes((0x00, 0x00, 0x5E, 0x00, family_octet, vrid))
