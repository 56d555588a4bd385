"""Ethernet II framing of announcements (RFC 894, RFC 1112 section 6.4, RFC 2464 section 7)."""

import struct
from ipaddress import IPv4Address

from pyvrrp.identity import Address

ETHERNET_HEADER = struct.Struct("!6s6sH")
BROADCAST = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD


def multicast_mac(group: Address) -> bytes:
    """Return the Ethernet address that *group* is sent to."""
    if isinstance(group, IPv4Address):
        low = int(group) & 0x7FFFFF
        return b"\x01\x00\x5e" + low.to_bytes(3)
    return b"\x33\x33" + group.packed[-4:]


def ethernet_frame(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    """Return *payload* in a frame without padding; the driver pads where the medium needs it."""
    return ETHERNET_HEADER.pack(destination, source, ethertype) + payload
