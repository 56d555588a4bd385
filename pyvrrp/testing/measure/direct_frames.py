"""UDP datagrams in Ethernet frames for one particular MAC address, past ARP and ND."""

import struct
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.errors import VrrpError
from pyvrrp.identity import Address
from pyvrrp.packet.checksum import internet_checksum

_UDP_PROTOCOL = 17
_UDP = struct.Struct("!HHHH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_TTL = 64


def udp_frame(
    macs: tuple[bytes, bytes],
    addresses: tuple[Address, Address],
    ports: tuple[int, int],
    data: bytes,
) -> bytes:
    """Return a frame carrying *data*; each pair is (source, destination)."""
    header = _UDP.pack(*ports, _UDP.size + len(data), 0)
    source, destination = addresses
    if isinstance(source, IPv4Address) and isinstance(destination, IPv4Address):
        # A UDP checksum of 0 means "none", which IPv4 allows (RFC 768).
        kind, packet = (
            b"\x08\x00",
            _ipv4_header(source, destination, len(header) + len(data)) + header,
        )
    elif isinstance(source, IPv6Address) and isinstance(destination, IPv6Address):
        kind, packet = b"\x86\xdd", _ipv6_headers(source, destination, header, data)
    else:
        raise VrrpError(f"{source} cannot send to {destination}: other family")
    return macs[1] + macs[0] + kind + packet + data


def _ipv4_header(source: IPv4Address, destination: IPv4Address, length: int) -> bytes:
    header = _IPV4.pack(
        *(0x45, 0, _IPV4.size + length, 0, 0, _TTL, _UDP_PROTOCOL, 0),
        *(source.packed, destination.packed),
    )
    return header[:10] + internet_checksum(header).to_bytes(2) + header[12:]


def _ipv6_headers(
    source: IPv6Address, destination: IPv6Address, udp_header: bytes, data: bytes
) -> bytes:
    length = len(udp_header) + len(data)
    pseudo = source.packed + destination.packed + length.to_bytes(4) + _UDP_PROTOCOL.to_bytes(4)
    checksum = internet_checksum(pseudo + udp_header + data) or 0xFFFF
    header = _IPV6.pack(6 << 28, length, _UDP_PROTOCOL, _TTL, source.packed, destination.packed)
    return header + udp_header[:6] + checksum.to_bytes(2)
