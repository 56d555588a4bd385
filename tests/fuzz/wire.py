"""Targets for what comes from a wire, a capture file and the kernel."""

import struct
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.cli.captures.capture_files import CaptureError, read_packets
from pyvrrp.cli.captures.explain import as_json, as_text, explain
from pyvrrp.cli.captures.link_layers import READABLE_LINK_TYPES, ip_packet
from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Address, Family, Version
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.link_events import LinkEvents
from pyvrrp.packet.checksum import ChecksumForm, checksum
from pyvrrp.packet.datagram import parse_datagram
from pyvrrp.packet.decode import decode
from pyvrrp.packet.encode import encode
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim
from pyvrrp.packet.neighbours.neighbor_advertisement import neighbor_claim
from pyvrrp.packet.reception import Discarded, Expectation, admit, examine
from pyvrrp.units import Nanoseconds
from tests.borders.nasty import is_harmless
from tests.fuzz.target import Target
from tests.packet.packets import ones_complement

_OURS: dict[Family, Address] = {
    Family.IPV4: IPv4Address("192.0.2.13"),
    Family.IPV6: IPv6Address("fe80::d"),
}
_VIRTUAL: dict[Family, Address] = {
    Family.IPV4: IPv4Address("192.0.2.254"),
    Family.IPV6: IPv6Address("fe80::254"),
}
_FORM = ChecksumForm.MESSAGE_ONLY
_SECOND = Nanoseconds(1_000_000_000)
_EXPECTATIONS = [
    Expectation(version, _OURS[family], (_VIRTUAL[family],), _SECOND, authentication=password)
    for version, family, password in (
        (Version.V3, Family.IPV4, b""),
        (Version.V3, Family.IPV6, b""),
        (Version.V2, Family.IPV4, b""),
        (Version.V2, Family.IPV4, b"secret"),
    )
]


def packet(octets: bytes) -> None:
    """Judge a packet of either family, and explain it."""
    for family in Family:
        examined = examine(octets, family)
        if isinstance(examined, Discarded):
            assert is_harmless(examined.detail)
        else:
            for expectation in _EXPECTATIONS:
                judged = admit(examined, expectation)
                assert not isinstance(judged, Discarded) or is_harmless(judged.detail)
        _message(octets, family)
        explanation = explain(octets, family)
        if explanation is not None:
            as_json(explanation)
            assert all(is_harmless(line, 20_000) for line in as_text(explanation).split("\n"))
    arp_claim(octets)
    neighbor_claim(octets)


def _message(octets: bytes, family: Family) -> None:
    """Decode *octets* as a message. What was decoded can be sent, and is the same then."""
    try:
        advertisement = decode(octets, family)
    except MalformedAdvertisementError as error:
        assert is_harmless(str(error))
        return
    try:
        sent = encode(advertisement, _OURS[family], _VIRTUAL[family], _FORM)
    except MalformedAdvertisementError:
        return  # an interval of 0 or no address: accepted by `decode` alone
    assert decode(sent, family) == advertisement


def repaired_packet(octets: bytes) -> bytes:
    """Return a packet with right lengths and checksums, if it has headers."""
    fixed = bytearray(octets)
    if len(fixed) >= 40 and fixed[0] >> 4 == 6:
        fixed[4:6] = (len(fixed) - 40).to_bytes(2)
        family, start = Family.IPV6, 40
    elif len(fixed) >= 20 and fixed[0] >> 4 == 4:
        family, start = Family.IPV4, max(20, 4 * (fixed[0] & 15))
        fixed[2:4] = min(65_535, len(fixed)).to_bytes(2)
        fixed[10:12] = bytes(2)
        fixed[10:12] = ones_complement(bytes(fixed[:start])).to_bytes(2)
    else:
        return octets
    message = bytes(fixed[start:])
    if len(message) < 8:
        return bytes(fixed)
    try:
        datagram = parse_datagram(bytes(fixed), family)
        version = Version(message[0] >> 4)
    except (MalformedAdvertisementError, ValueError):
        return bytes(fixed)
    cleared = message[:6] + bytes(2) + message[8:]
    right = checksum(cleared, version, datagram.source, datagram.destination, _FORM)
    fixed[start + 6 : start + 8] = right.to_bytes(2)
    return bytes(fixed)


def capture(octets: bytes) -> None:
    """Read a capture file as ``pyvrrp decode`` does."""
    try:
        for captured in read_packets(BytesIO(octets), "capture"):
            if captured.link_type in READABLE_LINK_TYPES:
                found = ip_packet(captured.link_type, captured.data)
                explanation = explain(found.data, found.family, captured.time) if found else None
                if explanation is not None:
                    as_json(explanation)
                    assert all(
                        is_harmless(line, 20_000) for line in as_text(explanation).split("\n")
                    )
    except CaptureError as error:
        assert is_harmless(str(error))


class _Listener(LinkEvents):
    """The reader of events of interfaces, without a socket."""

    def __init__(self) -> None:
        self._touched = lambda _touched: None


def netlink(octets: bytes) -> None:
    """Read messages of the kernel: events, answers and errors."""
    listener = _Listener()
    for kind, flags, _, body in codec.messages(octets):
        listener._note(kind, body)
        if kind in {codec.NLMSG_ERROR, codec.NLMSG_DONE}:
            _, words = codec.verdict(flags if kind == codec.NLMSG_ERROR else 0, body)
            assert len(words) <= len(octets)
        if kind in {codec.RTM_NEWADDR, codec.RTM_DELADDR}:
            listed = codec.listed_address(body)
            assert listed is None or len(listed.plain[0]) in {4, 16}
        if kind in {codec.RTM_NEWLINK, codec.RTM_DELLINK}:
            codec.names_of(body)
            codec.promotes_secondaries(body)


def repaired_netlink(octets: bytes) -> bytes:
    """Return one message with the right length."""
    return struct.pack("=I", len(octets)) + octets[4:]


TARGETS = (
    Target(
        "packet",
        packet,
        (b"\x31\x33\x64\x01", b"\x21\x33\x64\x01", b"secret\0\0", bytes((224, 0, 0, 18))),
        repaired_packet,
    ),
    Target("capture", capture, (b"\x0a\x0d\x0d\x0a", b"\x1a\x2b\x3c\x4d", b"\xd4\xc3\xb2\xa1")),
    Target("netlink", netlink, (struct.pack("=HH", 8, 2), b"eth0\0"), repaired_netlink),
)
