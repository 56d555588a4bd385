"""Neighbor Discovery frames for virtual addresses (RFC 4861, RFC 4862).

They announce an address, ask which host has it, or are read to learn that another host has it.
"""

from ipaddress import IPv6Address
from typing import NamedTuple

from pyvrrp.packet.checksum import internet_checksum, pseudo_header
from pyvrrp.packet.datagram import IPV6_HEADER, ipv6_header
from pyvrrp.packet.neighbours.ethernet import (
    ETHERNET_HEADER,
    ETHERTYPE_IPV6,
    ethernet_frame,
    multicast_mac,
)

ICMPV6 = 58
HOP_LIMIT = 255  # of every Neighbor Discovery packet (RFC 4861 section 7.1)
NEIGHBOR_SOLICITATION = 135
NEIGHBOR_ADVERTISEMENT = 136
ROUTER_AND_OVERRIDE = 0xA0000000
SOLICITED = 0x40
TARGET_LINK_LAYER_ADDRESS = 2
OPTION_UNIT = 8
OPTIONS_AT = 24
ALL_NODES = IPv6Address("ff02::1")
SOLICITED_NODE_PREFIX = int(IPv6Address("ff02::1:ff00:0"))
UNSPECIFIED = IPv6Address(0)


class _Packet(NamedTuple):
    """The parts of an ICMPv6 packet that matter here. *mac* is the Ethernet source."""

    mac: bytes
    destination: IPv6Address
    message: bytes


def unsolicited_neighbor_advertisement(address: IPv6Address, mac: bytes) -> bytes:
    """Return the Ethernet frame that tells all nodes that *address* is at *mac*.

    The flags Router and Override are set and Solicited is not (RFC 9568 section 6.4.2). The
    source is *address*.
    """
    body = (
        ROUTER_AND_OVERRIDE.to_bytes(4)
        + address.packed
        + bytes((TARGET_LINK_LAYER_ADDRESS, 1))
        + mac
    )
    return _frame(NEIGHBOR_ADVERTISEMENT, body, mac, address, ALL_NODES)


def neighbor_solicitation_probe(address: IPv6Address, mac: bytes) -> bytes:
    """Return the Ethernet frame that asks which node has *address*.

    It has the form of duplicate address detection (RFC 4862 section 5.4.2): the source is ::,
    and therefore there is no source link-layer option (RFC 4861 section 4.3). Nodes that receive
    it change no neighbour entry.
    """
    group = IPv6Address(SOLICITED_NODE_PREFIX | int(address) & 0xFFFFFF)
    return _frame(NEIGHBOR_SOLICITATION, bytes(4) + address.packed, mac, UNSPECIFIED, group)


def neighbor_claim(frame: bytes) -> tuple[IPv6Address, bytes] | None:
    """Return the IPv6 address that the sender of *frame* says it has, and its MAC address.

    The MAC address is that of the target link-layer option, without the option the Ethernet
    source. Return None if *frame* is not a Neighbor Advertisement, or is one that must be
    ignored (RFC 4861 section 7.1.2).
    """
    packet = _icmpv6_packet(frame)
    if packet is None or not _is_valid_advertisement(packet):
        return None
    target = IPv6Address(packet.message[8:OPTIONS_AT])
    mac = _link_layer_address(packet.message[OPTIONS_AT:], default=packet.mac)
    return None if mac is None or target.is_multicast else (target, mac)


def _frame(
    kind: int, body: bytes, mac: bytes, source: IPv6Address, destination: IPv6Address
) -> bytes:
    blank = bytes((kind, 0, 0, 0)) + body
    found = internet_checksum(pseudo_header(source, destination, ICMPV6, len(blank)) + blank)
    message = blank[:2] + found.to_bytes(2) + blank[4:]
    header = ipv6_header(len(message), ICMPV6, source, destination, HOP_LIMIT, traffic_class=0)
    return ethernet_frame(multicast_mac(destination), mac, ETHERTYPE_IPV6, header + message)


def _icmpv6_packet(frame: bytes) -> _Packet | None:
    if len(frame) < ETHERNET_HEADER.size + IPV6_HEADER.size:
        return None
    _destination_mac, mac, ethertype = ETHERNET_HEADER.unpack_from(frame)
    first_word, length, next_header, hop_limit, source, destination = IPV6_HEADER.unpack_from(
        frame, ETHERNET_HEADER.size
    )
    if (ethertype, first_word >> 28, next_header, hop_limit) != (
        ETHERTYPE_IPV6,
        6,
        ICMPV6,
        HOP_LIMIT,
    ):
        return None
    start = ETHERNET_HEADER.size + IPV6_HEADER.size
    message = frame[start : start + length]
    pseudo = pseudo_header(IPv6Address(source), IPv6Address(destination), ICMPV6, length)
    if len(message) < length or internet_checksum(pseudo + message) != 0:
        return None
    return _Packet(mac, IPv6Address(destination), message)


def _is_valid_advertisement(packet: _Packet) -> bool:
    message = packet.message
    if len(message) < OPTIONS_AT or message[:2] != bytes((NEIGHBOR_ADVERTISEMENT, 0)):
        return False
    return not (packet.destination.is_multicast and message[4] & SOLICITED)


def _link_layer_address(options: bytes, *, default: bytes) -> bytes | None:
    """Return the target link-layer address, or *default* if there is none.

    Return None if the options cannot be read.
    """
    found = default
    while options:
        length = options[1] * OPTION_UNIT if len(options) > 1 else 0
        if not 0 < length <= len(options):
            return None
        if options[:2] == bytes((TARGET_LINK_LAYER_ADDRESS, 1)):
            found = options[2:length]
        options = options[length:]
    return found
