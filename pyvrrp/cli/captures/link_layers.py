"""Find the IP packet in a captured frame."""

from dataclasses import dataclass

from pyvrrp.identity import Family

# Numbers of the registry "LINKTYPE values". Some systems use 12 or 14 for raw IP.
_ETHERNET = 1
_RAW_IP = frozenset({12, 14, 101, 228, 229})
_LINUX_COOKED = 113
_LINUX_COOKED_V2 = 276

_ETHERTYPES = {b"\x08\x00": Family.IPV4, b"\x86\xdd": Family.IPV6}
_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})  # 802.1Q, 802.1ad, old double tags
_VERSIONS = {4: Family.IPV4, 6: Family.IPV6}

READABLE_LINK_TYPES = frozenset({_ETHERNET, _LINUX_COOKED, _LINUX_COOKED_V2}) | _RAW_IP


@dataclass(frozen=True, slots=True)
class IpPacket:
    """An IP packet. *data* may end with padding of the link layer."""

    family: Family
    data: bytes


def ip_packet(link_type: int, frame: bytes) -> IpPacket | None:
    """Return the IP packet in *frame*, or None if it does not carry one.

    *link_type* must be one of READABLE_LINK_TYPES.
    """
    if link_type in _RAW_IP:
        family = _VERSIONS.get(frame[0] >> 4) if frame else None
        return IpPacket(family, frame) if family else None
    if link_type == _LINUX_COOKED:
        return _after_tags(frame[14:16], frame[16:])
    if link_type == _LINUX_COOKED_V2:
        return _after_tags(frame[0:2], frame[20:])
    return _after_tags(frame[12:14], frame[14:])


def _after_tags(ethertype: bytes, payload: bytes) -> IpPacket | None:
    while ethertype in _TAGS:
        ethertype, payload = payload[2:4], payload[4:]
    family = _ETHERTYPES.get(ethertype)
    return IpPacket(family, payload) if family else None
