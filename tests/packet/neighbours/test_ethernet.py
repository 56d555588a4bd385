"""Ethernet frames and the MAC addresses of multicast groups."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.identity import Address
from pyvrrp.packet.neighbours.ethernet import ethernet_frame, multicast_mac


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        (IPv4Address("224.0.0.18"), "01005e000012"),
        (IPv4Address("239.255.1.2"), "01005e7f0102"),
        (IPv6Address("ff02::12"), "333300000012"),
        (IPv6Address("ff02::1:ff00:254"), "3333ff000254"),
    ],
)
def test_a_multicast_group_has_a_mac_address(group: Address, mac: str) -> None:
    assert multicast_mac(group) == bytes.fromhex(mac)


def test_a_frame_is_header_and_payload() -> None:
    frame = ethernet_frame(b"\xff" * 6, b"\x02" * 6, 0x0806, b"payload")
    assert frame == b"\xff" * 6 + b"\x02" * 6 + b"\x08\x06" + b"payload"
