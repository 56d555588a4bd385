"""Recognises the successor of a dead daemon by what it sends. The guardian imports this module.

`pyvrrp.packet` has the complete receive checks, but would more than double the memory of the
guardian. Checksums are not checked here: a forged packet has the right ones too, and a damaged one
only ends a handover early.
"""

_VRRP = 112
_IPV6 = 6
_IPV6_HEADER = 40
_ARP_FRAME, _ADVERTISEMENT_FRAME = 42, 78
_NEIGHBOR_ADVERTISEMENT = 136
_VERSION_2 = 2
_V2_AUTHENTICATION = 8  # octets at the end of a message


def vrid_of(packet: bytes) -> int:
    """Return the VRID of an IP packet, -1 if it is no advertisement."""
    message = _message(packet)
    return message[1] if message else -1


def is_successor(packet: bytes, own: bytes, peers: list[bytes], min_ttl: int) -> bool:
    """Return whether *packet* is the advertisement of a master that has taken over.

    *own* is an advertisement of the dead daemon. *peers* are the hosts that count; none: all do.
    """
    message, mine = _message(packet), _message(own)
    if not message or message[:2] != mine[:2] or not message[2]:
        return False
    ttl, source = _ttl_and_source(packet)
    if ttl < min_ttl or source == _ttl_and_source(own)[1] or (peers and source not in peers):
        return False
    return mine[0] >> 4 != _VERSION_2 or _authentication(message) == _authentication(mine)


def claimed_address(frame: bytes) -> tuple[bytes, bytes] | None:
    """Return the packed address of which an Ethernet frame says that its sender has it.

    Return the MAC address of the sender too. Return None for any other frame.
    """
    if frame[12:14] == b"\x08\x06" and len(frame) >= _ARP_FRAME:
        return frame[28:32], frame[22:28]
    if frame[12:14] == b"\x86\xdd" and len(frame) >= _ADVERTISEMENT_FRAME:
        return (frame[62:78], frame[6:12]) if frame[54] == _NEIGHBOR_ADVERTISEMENT else None
    return None


def _message(packet: bytes) -> bytes:
    if not packet:
        return b""
    if packet[0] >> 4 == _IPV6:
        protocol, start, end = packet[6:7], _IPV6_HEADER, len(packet)
    else:
        protocol, start = packet[9:10], (packet[0] & 15) * 4
        end = int.from_bytes(packet[2:4], "big")  # short frames are padded
    message = packet[start:end]
    if protocol != bytes((_VRRP,)) or len(message) < 8 or message[0] & 15 != 1:  # noqa: PLR2004 - RFC 9568 5.1
        return b""
    return message


def _ttl_and_source(packet: bytes) -> tuple[int, bytes]:
    return (packet[7], packet[8:24]) if packet[0] >> 4 == _IPV6 else (packet[8], packet[12:16])


def _authentication(message: bytes) -> tuple[int, bytes]:
    start = 8 + 4 * message[3]
    return message[4], message[start:][:_V2_AUTHENTICATION]
