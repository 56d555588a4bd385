"""The Ethernet II frames of announcements (RFC 894, RFC 1112 section 6.4, RFC 2464 section 7)."""

import struct
from ipaddress import IPv4Address

from pyvrrp.identity import Address

ETHERNET_HEADER = struct.Struct("!6s6sH")
BROADCAST = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD


def multicast_mac(group: Address) -> bytes:
    """Return the MAC address that packets to the multicast *group* are sent to."""
    if isinstance(group, IPv4Address):
        low = int(group) & 0x7FFFFF
        return b"\x01\x00\x5e" + low.to_bytes(3)
    return b"\x33\x33" + group.packed[-4:]


def ethernet_frame(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    """Return *payload* in an Ethernet frame without padding. The driver adds the padding."""
    return ETHERNET_HEADER.pack(destination, source, ethertype) + payload
