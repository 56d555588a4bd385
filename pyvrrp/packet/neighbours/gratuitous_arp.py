"""ARP frames for virtual addresses (RFC 826, RFC 5227, RFC 9568 section 6.4).

They announce an address, ask which host has it, or are read to learn that another host has it.
"""

import struct
from ipaddress import IPv4Address

from pyvrrp.packet.neighbours.ethernet import (
    BROADCAST,
    ETHERNET_HEADER,
    ETHERTYPE_ARP,
    ethernet_frame,
)

ARP = struct.Struct("!HHBBH6s4s6s4s")
ETHERNET_AND_IPV4 = (1, 0x0800, 6, 4)
REQUEST = 1
REPLY = 2
UNSPECIFIED = IPv4Address(0)


def gratuitous_arp(address: IPv4Address, mac: bytes) -> bytes:
    """Return the Ethernet frame that tells all hosts that *address* is at *mac*.

    It is an ARP request (RFC 3768 section 6.4), because all switches and hosts understand that
    form. The target hardware address is *mac* (RFC 9568 section 6.4.2 with erratum 7949).
    """
    return _request(mac, address, target_mac=mac, target=address)


def arp_probe(address: IPv4Address, mac: bytes) -> bytes:
    """Return the Ethernet frame that asks which host has *address* (RFC 5227 section 2.1.1).

    Its sender address is 0.0.0.0, so hosts that receive it change no ARP entry.
    """
    return _request(mac, UNSPECIFIED, target_mac=bytes(6), target=address)


def arp_claim(frame: bytes) -> tuple[IPv4Address, bytes] | None:
    """Return the IPv4 address that the sender of *frame* says it has, and its MAC address.

    Return None if *frame* is not an ARP request or reply, or if it is a probe: a probe has no
    sender address.
    """
    if len(frame) < ETHERNET_HEADER.size + ARP.size:
        return None
    _destination, _source, ethertype = ETHERNET_HEADER.unpack_from(frame)
    *kinds, operation, mac, sender, _target_mac, _target = ARP.unpack_from(
        frame, ETHERNET_HEADER.size
    )
    address = IPv4Address(sender)
    if ethertype != ETHERTYPE_ARP or tuple(kinds) != ETHERNET_AND_IPV4:
        return None
    if operation not in (REQUEST, REPLY) or address == UNSPECIFIED:
        return None
    return address, mac


def _request(mac: bytes, sender: IPv4Address, *, target_mac: bytes, target: IPv4Address) -> bytes:
    body = ARP.pack(*ETHERNET_AND_IPV4, REQUEST, mac, sender.packed, target_mac, target.packed)
    return ethernet_frame(BROADCAST, mac, ETHERTYPE_ARP, body)
