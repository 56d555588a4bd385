from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.errors import VrrpError
from pyvrrp.testing.measure.direct_frames import udp_frame

MACS = (b"\x02\x00\x00\x00\x00\x03", b"\x02\x00\x00\x00\x00\x01")


def test_an_ipv4_frame_has_its_header_checksum_and_no_udp_checksum() -> None:
    addresses = (IPv4Address("10.9.0.9"), IPv4Address("10.9.0.100"))
    # The packet as scapy 2.8 builds it.
    assert udp_frame(MACS, addresses, (40000, 7007), b"abcd").hex() == (
        "0200000000010200000000030800"
        "45000020000000004011664f0a0900090a090064"
        "9c401b5f000c000061626364"
    )


def test_an_ipv6_frame_has_a_udp_checksum() -> None:
    addresses = (IPv6Address("2001:db8:9::9"), IPv6Address("2001:db8:9::100"))
    frame = udp_frame(MACS, addresses, (40000, 7007), b"abcd")
    assert frame[14:22].hex() == "60000000000c1140"
    # RFC 2460 8.1, added up by hand over pseudo-header, UDP header and data.
    words = [int.from_bytes(frame[at : at + 2]) for at in range(22, len(frame), 2)]
    total = sum(words) + 17 + 12
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_source_and_destination_must_be_of_one_family() -> None:
    with pytest.raises(VrrpError, match="other family"):
        udp_frame(MACS, (IPv4Address("10.9.0.9"), IPv6Address("::1")), (1, 2), b"")
