"""Read a message into an advertisement."""

from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.decode import decode
from pyvrrp.packet.encode import encode
from pyvrrp.units import Nanoseconds
from tests.packet.advertisements import Sent, sendable
from tests.vectors.messages import MESSAGES, VECTOR_A, VECTOR_E, VECTOR_K, MessageVector

V2, V3, V6 = VECTOR_A.octets, VECTOR_E.octets, VECTOR_K.octets


@pytest.mark.parametrize("vector", MESSAGES, ids=lambda vector: vector.name)
def test_the_octets_of_a_vector_are_read_as_its_values(vector: MessageVector) -> None:
    assert decode(vector.octets, vector.family) == vector.advertisement


@pytest.mark.rfc("9568:5.2.6")
@pytest.mark.parametrize("reserve", range(16))
def test_the_reserved_bits_are_not_part_of_the_interval(reserve: int) -> None:
    message = V3[:4] + bytes((reserve << 4,)) + V3[5:]
    assert decode(message, Family.IPV4).interval == 1_000_000_000


@pytest.mark.parametrize(
    ("message", "family", "complaint"),
    [
        (b"", Family.IPV4, "0 octets"),
        (V3[:7], Family.IPV4, "7 octets, the header alone takes 8"),
        (b"\x01" + V3[1:], Family.IPV4, "no version 0 over IPV4"),
        (b"\x41" + V3[1:], Family.IPV4, "no version 4 over IPV4"),
        (b"\x21" + V6[1:], Family.IPV6, "no version 2 over IPV6"),
        (b"\x30" + V3[1:], Family.IPV4, "type 0, must be 1"),
        (b"\x3f" + V3[1:], Family.IPV4, "type 15, must be 1"),
        (V3[:8], Family.IPV4, "8 octets, version 3 with 1 addresses takes 12"),
        (V3 + b"\0", Family.IPV4, "13 octets"),
        (V2[:12], Family.IPV4, "12 octets, version 2 with 1 addresses takes 20"),
        (V2[:16], Family.IPV4, "16 octets"),
        (V6[:-1], Family.IPV6, "39 octets, version 3 with 2 addresses takes 40"),
    ],
)
def test_a_message_that_is_not_an_advertisement_is_refused_with_numbers(
    message: bytes, family: Family, complaint: str
) -> None:
    with pytest.raises(MalformedAdvertisementError, match=complaint):
        decode(message, family)


def test_an_empty_address_list_and_an_interval_of_zero_are_read() -> None:
    found = decode(bytes.fromhex("3133640000000000"), Family.IPV6)
    assert found == Advertisement(Version.V3, 51, 100, Nanoseconds(0), ())


def test_two_hundred_and_fifty_five_addresses_are_read() -> None:
    message = bytes.fromhex("310164ff00640000") + bytes((10, 0, 0, 1)) * 255
    assert decode(message, Family.IPV4).addresses == (IPv4Address("10.0.0.1"),) * 255


@given(st.binary(max_size=300), st.sampled_from(Family))
def test_any_octets_decode_or_are_malformed(message: bytes, family: Family) -> None:
    with suppress(MalformedAdvertisementError):
        decode(message, family)


@given(sendable())
def test_what_was_encoded_decodes_to_the_same_values(sent: Sent) -> None:
    message = encode(sent.advertisement, sent.source, sent.destination, sent.form)
    assert decode(message, sent.family) == sent.advertisement
