"""The fields and constants of a VRRP message (RFC 9568 section 5.1, RFC 3768 section 5.1).

 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Version| Type  | Virtual Rtr ID|   Priority    |  Addr Count   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| v2: Auth Type |  v2: seconds  |           Checksum            |
|Reserve|   v3: centiseconds    |                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|              addresses, 4 or 16 octets each                   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|         v2 only: 8 octets of authentication data              |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

import struct
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Address, Family, Version
from pyvrrp.units import CENTISECOND, SECOND, Nanoseconds

VRRP_PROTOCOL = 112  # IP protocol number (RFC 9568 section 5.1.1.4)
AH_PROTOCOL = 51  # the authentication header of IPsec, which keepalived can put around VRRPv2
TTL = 255  # of every multicast advertisement (RFC 9568 sections 5.1.1.3, 5.1.2.3)
IPV4_GROUP = IPv4Address("224.0.0.18")  # RFC 9568 section 5.1.1.2
IPV6_GROUP = IPv6Address("ff02::12")  # RFC 9568 section 5.1.2.2

HEADER = struct.Struct("!BBBBHH")
CHECKSUM_AT = 6  # offset of the checksum in octets
ADVERTISEMENT = 1  # the only message type (RFC 9568 section 5.2.2)
AUTHENTICATION_OCTETS = 8
RESERVE_MASK = 0x0FFF  # the interval without the reserved bits, in centiseconds (VRRPv3)
LARGEST_SECONDS = 0xFF  # the longest interval in VRRPv2


def family_of(address: Address) -> Family:
    """Return the family of *address*."""
    return Family.IPV4 if isinstance(address, IPv4Address) else Family.IPV6


def group_of(family: Family) -> Address:
    """Return the multicast group of all VRRP routers (RFC 9568 sections 5.1.1.2, 5.1.2.2)."""
    return IPV4_GROUP if family is Family.IPV4 else IPV6_GROUP


def versions_of(family: Family) -> tuple[Version, ...]:
    """Return the versions of VRRP that exist for *family*: VRRPv2 has IPv4 only."""
    return (Version.V2, Version.V3) if family is Family.IPV4 else (Version.V3,)


def message_length(version: Version, count: int, family: Family) -> int:
    """Return the length in octets of a message with *count* addresses.

    A VRRPv2 message ends with 8 octets of authentication data.
    """
    trailer = AUTHENTICATION_OCTETS if version is Version.V2 else 0
    return HEADER.size + count * family + trailer


def interval_unit(version: Version) -> Nanoseconds:
    """Return the unit of the interval field: one second in VRRPv2, 10 ms in VRRPv3."""
    return SECOND if version is Version.V2 else CENTISECOND
