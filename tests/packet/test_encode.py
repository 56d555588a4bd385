"""Write an advertisement as a message."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.encode import encode
from pyvrrp.units import SECOND, Nanoseconds
from tests.vectors.messages import MESSAGES, VECTOR_A, VECTOR_D, VECTOR_E, VECTOR_K, MessageVector

SOURCE, GROUP = IPv4Address("192.0.2.1"), IPv4Address("224.0.0.18")
V2, V3 = VECTOR_A.advertisement, VECTOR_E.advertisement


def encoded(advertisement: Advertisement) -> bytes:
    return encode(advertisement, SOURCE, GROUP, ChecksumForm.MESSAGE_ONLY)


@pytest.mark.rfc("9568:5.1")
@pytest.mark.parametrize("vector", MESSAGES, ids=lambda vector: vector.name)
def test_the_values_of_a_vector_are_written_as_its_octets(vector: MessageVector) -> None:
    found = encode(vector.advertisement, vector.source, vector.destination, vector.form)
    assert found == vector.octets


@pytest.mark.rfc("3768:5.1")
def test_v2_always_carries_eight_authentication_octets() -> None:
    assert encoded(replace(V2, auth_data=b"")) == VECTOR_A.octets


@pytest.mark.rfc("2338:5.3.10")
def test_a_short_password_is_padded_with_zeros() -> None:
    short = replace(V2, auth_type=1, auth_data=b"secret")
    assert encoded(short) == VECTOR_D.octets


def test_an_interval_of_zero_can_be_written() -> None:  # to test other implementations
    assert encoded(replace(V3, interval=Nanoseconds(0)))[4:6] == bytes(2)


def test_an_empty_address_list_can_be_written() -> None:  # to test other implementations
    assert len(encoded(replace(V3, addresses=()))) == 8


@pytest.mark.parametrize(
    ("advertisement", "complaint"),
    [
        (replace(V3, vrid=256), "VRID 256"),
        (replace(V3, vrid=-1), "VRID -1"),
        (replace(V3, priority=256), "priority 256"),
        (replace(V3, addresses=(SOURCE,) * 256), "number of addresses 256"),
        (replace(V2, auth_type=256), "authentication type 256"),
        (replace(V3, interval=Nanoseconds(1_005_000_000)), "interval 1005000000 ns"),
        (replace(V3, interval=Nanoseconds(40_960_000_000)), "interval 40960000000 ns"),
        (replace(V3, interval=Nanoseconds(-10_000_000)), "interval -10000000 ns"),
        (replace(V2, interval=Nanoseconds(500_000_000)), "interval 500000000 ns"),
        (replace(V2, interval=Nanoseconds(256 * SECOND)), "interval 256000000000 ns"),
        (replace(V3, auth_type=1), "VRRPv3 has no authentication"),
        (replace(V3, auth_data=bytes(8)), "VRRPv3 has no authentication"),
        (replace(V2, auth_data=bytes(9)), "longer than 8 octets"),
        (replace(V3, addresses=(IPv6Address("fe80::1"),)), "addresses of both families"),
    ],
)
def test_values_that_the_format_cannot_express_are_refused(
    advertisement: Advertisement, complaint: str
) -> None:
    with pytest.raises(MalformedAdvertisementError, match=complaint):
        encoded(advertisement)


def test_v2_over_ipv6_is_refused() -> None:
    advertisement = replace(VECTOR_K.advertisement, version=Version.V2)
    with pytest.raises(MalformedAdvertisementError, match="VRRPv2 over IPv6"):
        encode(advertisement, VECTOR_K.source, VECTOR_K.destination, ChecksumForm.MESSAGE_ONLY)


def test_source_and_destination_must_be_of_one_family() -> None:
    with pytest.raises(MalformedAdvertisementError, match="both families"):
        encode(V3, SOURCE, IPv6Address("ff02::12"), ChecksumForm.MESSAGE_ONLY)
