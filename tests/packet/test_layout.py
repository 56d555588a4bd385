"""Multicast groups, address families and lengths of messages."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.identity import Family, Version
from pyvrrp.packet.layout import VRRP_PROTOCOL, family_of, group_of, message_length


@pytest.mark.rfc("9568:5.1")
def test_advertisements_go_to_the_groups_of_the_rfc() -> None:
    assert group_of(Family.IPV4) == IPv4Address("224.0.0.18")
    assert group_of(Family.IPV6) == IPv6Address("ff02::12")
    assert VRRP_PROTOCOL == 112


def test_an_address_has_a_family() -> None:
    assert family_of(IPv4Address("192.0.2.1")) is Family.IPV4
    assert family_of(IPv6Address("fe80::1")) is Family.IPV6


@pytest.mark.parametrize(
    ("version", "count", "family", "length"),
    [
        (Version.V2, 1, Family.IPV4, 20),
        (Version.V3, 1, Family.IPV4, 12),
        (Version.V3, 1, Family.IPV6, 24),
        (Version.V2, 255, Family.IPV4, 1036),
        (Version.V3, 90, Family.IPV6, 1448),
    ],
)
def test_the_length_depends_on_the_number_of_addresses(
    version: Version, count: int, family: Family, length: int
) -> None:
    assert message_length(version, count, family) == length
