"""Capture files for tests. They are written without the code under test."""

import struct

# Vector E: VRRPv3, VRID 1, priority 100, 1 s, 192.0.2.254, checksum without pseudo-header.
MESSAGE_E = bytes.fromhex("310164010064a79ac00002fe")
# The same with the pseudo-header of RFC 5798.
MESSAGE_F = bytes.fromhex("310164010064050ac00002fe")
# VRRPv3 over IPv6, VRID 1, priority 100, fe80::254 and 2001:db8::254, from fe80::1.
MESSAGE_K = bytes.fromhex(
    "3101640200643b87fe80000000000000000000000000025420010db8000000000000000000000254"
)
IPV4_HEADER = bytes.fromhex("45c0002000010000ff701899c0000201e0000012")
IPV6_HEADER = bytes.fromhex(
    "6c000000002870fffe800000000000000000000000000001ff020000000000000000000000000012"
)
PACKET_E = IPV4_HEADER + MESSAGE_E
PACKET_F = IPV4_HEADER + MESSAGE_F
PACKET_K = IPV6_HEADER + MESSAGE_K
MACS = bytes.fromhex("01005e00001200005e000101")
FRAME_E = MACS + b"\x08\x00" + PACKET_E
ARP_FRAME = bytes.fromhex("ffffffffffff00005e0001010806") + bytes(28)
UDP_FRAME = MACS + bytes.fromhex("0800 4500001c00000000ff110000c0000201e0000012") + bytes(8)

SECONDS = 1_700_000_000
# The explanation of PACKET_E, captured 250 ms after SECONDS, as values for JSON.
JSON_E: dict[str, object] = {
    "time": 1_700_000_000.25,
    "source": "192.0.2.1",
    "destination": "224.0.0.18",
    "ttl": 255,
    "version": 3,
    "type": 1,
    "vrid": 1,
    "priority": 100,
    "interval_ms": 1000,
    "addresses": ["192.0.2.254"],
    "auth_type": None,
    "checksum": "rfc9568",
    "valid": True,
    "problems": [],
}


def pcap(*frames: bytes, order: str = "<", link_type: int = 1, nanoseconds: bool = False) -> bytes:
    """Return a pcap file; frame number n was captured n seconds and 250 ms after SECONDS."""
    magic, ticks = (0xA1B23C4D, 250_000_000) if nanoseconds else (0xA1B2C3D4, 250_000)
    header = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    records = [
        struct.pack(f"{order}IIII", SECONDS + number, ticks, len(frame), len(frame)) + frame
        for number, frame in enumerate(frames)
    ]
    return header + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return one pcapng block, padded."""
    padded = body + bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(padded) + 12)
    return struct.pack(f"{order}I", kind) + length + padded + length


def section(order: str = "<") -> bytes:
    """Return a Section Header Block of unknown length."""
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order: str = "<", link_type: int = 1, options: bytes = b"", snap: int = 0) -> bytes:
    """Return an Interface Description Block."""
    return block(1, struct.pack(f"{order}HHI", link_type, 0, snap) + options, order)


def enhanced(frame: bytes, ticks: int, order: str = "<", number: int = 0) -> bytes:
    """Return an Enhanced Packet Block."""
    fields = (number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, struct.pack(f"{order}IIIII", *fields) + frame, order)
