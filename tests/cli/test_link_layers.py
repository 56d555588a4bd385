"""Find the IP packet in a captured frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.cli.captures.link_layers import READABLE_LINK_TYPES, IpPacket, ip_packet
from pyvrrp.identity import Family
from tests.cli.captures import ARP_FRAME, FRAME_E, MACS, PACKET_E, PACKET_K

E = IpPacket(Family.IPV4, PACKET_E)
K = IpPacket(Family.IPV6, PACKET_K)


@pytest.mark.parametrize(
    ("link_type", "frame", "packet"),
    [
        (1, FRAME_E, E),
        (1, MACS + b"\x86\xdd" + PACKET_K, K),
        (1, MACS + bytes.fromhex("8100 0064 0800") + PACKET_E, E),
        (1, MACS + bytes.fromhex("88a8 0064 8100 00c8 86dd") + PACKET_K, K),
        (113, bytes.fromhex("0002 0001 0006 00005e000101 0000 0800") + PACKET_E, E),
        (113, bytes.fromhex("0002 0001 0006 00005e000101 0000 8100 0064 0800") + PACKET_E, E),
        (276, bytes.fromhex("86dd 0000 00000002 0001 02 06 00005e0002010000") + PACKET_K, K),
        (101, PACKET_E, E),
        (101, PACKET_K, K),
        (228, PACKET_E, E),
        (229, PACKET_K, K),
    ],
)
def test_the_ip_packet_is_found_after_the_link_header(
    link_type: int, frame: bytes, packet: IpPacket
) -> None:
    assert ip_packet(link_type, frame) == packet


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [(1, ARP_FRAME), (1, b""), (1, FRAME_E[:13]), (1, MACS + b"\x81\x00\x00"), (101, b"\x70")],
)
def test_a_frame_without_an_ip_packet_gives_none(link_type: int, frame: bytes) -> None:
    assert ip_packet(link_type, frame) is None


@given(st.sampled_from(sorted(READABLE_LINK_TYPES)), st.binary(max_size=80))
def test_any_frame_gives_a_part_of_its_octets_or_none(link_type: int, frame: bytes) -> None:
    packet = ip_packet(link_type, frame)
    assert packet is None or frame.endswith(packet.data)
