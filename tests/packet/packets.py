"""Build IP packets around messages, with one chosen error, without the code under test."""

from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Address


def ones_complement(octets: bytes) -> int:
    padded = octets + bytes(len(octets) % 2)
    total = sum(high << 8 | low for high, low in zip(padded[::2], padded[1::2], strict=True))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ipv4(
    payload: bytes,
    *,
    source: str = "192.0.2.1",
    destination: str = "224.0.0.18",
    ttl: int = 255,
    version: int = 4,
    protocol: int = 112,
    fragment: int = 0x4000,
    options: bytes = b"",
    header_words: int | None = None,
    total_length: int | None = None,
    checksum: int | None = None,
) -> bytes:
    words = 5 + len(options) // 4 if header_words is None else header_words
    length = 20 + len(options) + len(payload) if total_length is None else total_length
    start = bytes((version << 4 | words, 0xC0)) + length.to_bytes(2) + bytes(2)
    middle = fragment.to_bytes(2) + bytes((ttl, protocol))
    end = IPv4Address(source).packed + IPv4Address(destination).packed + options
    right = ones_complement(start + middle + bytes(2) + end)
    found = right if checksum is None else checksum
    return start + middle + found.to_bytes(2) + end + payload


def ipv6(
    payload: bytes,
    *,
    source: str = "fe80::1",
    destination: str = "ff02::12",
    hop_limit: int = 255,
    version: int = 6,
    next_header: int = 112,
    length: int | None = None,
) -> bytes:
    octets = len(payload) if length is None else length
    return (
        bytes((version << 4 | 0xC, 0, 0, 0))
        + octets.to_bytes(2)
        + bytes((next_header, hop_limit))
        + IPv6Address(source).packed
        + IPv6Address(destination).packed
        + payload
    )


def with_checksum(message: bytes, pseudo_header: bytes = b"") -> bytes:
    blank = message[:6] + bytes(2) + message[8:]
    return message[:6] + ones_complement(pseudo_header + blank).to_bytes(2) + message[8:]


def pseudo_header(source: Address, destination: Address, length: int) -> bytes:
    if isinstance(source, IPv4Address):
        end = b"\x00\x70" + length.to_bytes(2)
    else:
        end = length.to_bytes(4) + b"\x00\x00\x00\x70"
    return source.packed + destination.packed + end


def v6_message(message: bytes) -> bytes:
    """Return *message* with the checksum it needs from fe80::1 to ff02::12."""
    addresses = IPv6Address("fe80::1"), IPv6Address("ff02::12")
    return with_checksum(message, pseudo_header(*addresses, len(message)))
