"""The Internet checksum, over literal octets."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.identity import Version
from pyvrrp.packet.checksum import ChecksumForm, checksum, internet_checksum
from tests.vectors.messages import MESSAGES, VECTOR_E, VECTOR_F, VECTOR_K, MessageVector


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("", 0xFFFF),
        ("0000", 0xFFFF),
        ("ffff", 0x0000),
        ("ffff0000", 0x0000),
        ("0001", 0xFFFE),
        ("01", 0xFEFF),
        ("fffeffff", 0x0001),
        ("0001f203f4f5f6f7", 0x220D),
        ("ffff0001", 0xFFFE),
    ],
)
def test_the_sum_of_words_is_complemented(octets: str, expected: int) -> None:
    assert internet_checksum(bytes.fromhex(octets)) == expected


@given(st.binary(max_size=200))
def test_the_checksum_equals_that_of_adding_word_by_word(octets: bytes) -> None:
    padded = octets + bytes(len(octets) % 2)
    total = 0
    for high, low in zip(padded[::2], padded[1::2], strict=True):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    assert internet_checksum(octets) == 0xFFFF - total


@pytest.mark.rfc("9568:5.2.8")
@pytest.mark.parametrize("vector", MESSAGES, ids=lambda vector: vector.name)
def test_a_right_checksum_sums_to_zero(vector: MessageVector) -> None:
    version = vector.advertisement.version
    assert checksum(vector.octets, version, vector.source, vector.destination, vector.form) == 0


def test_in_v3_over_ipv4_the_other_form_is_wrong() -> None:
    for vector, other in (
        (VECTOR_E, ChecksumForm.PSEUDO_HEADER),
        (VECTOR_F, ChecksumForm.MESSAGE_ONLY),
    ):
        assert checksum(vector.octets, Version.V3, vector.source, vector.destination, other) != 0


@pytest.mark.parametrize("form", ChecksumForm)
def test_v2_and_v3_over_ipv6_have_one_form_only(form: ChecksumForm) -> None:
    v2 = MESSAGES[0]
    assert checksum(v2.octets, Version.V2, v2.source, v2.destination, form) == 0
    v6 = VECTOR_K
    assert checksum(v6.octets, Version.V3, v6.source, v6.destination, form) == 0


@pytest.mark.rfc("3768:5.3.8")
def test_v2_covers_the_authentication_data() -> None:
    secret = bytes.fromhex("21016401 01017ab1 c00002fe 73656372 65740000")
    other = bytes.fromhex("21016401 01017ab1 c00002fe 73656372 65750000")
    address = IPv4Address("192.0.2.1")
    form = ChecksumForm.MESSAGE_ONLY
    assert checksum(secret, Version.V2, address, address, form) == 0
    assert checksum(other, Version.V2, address, address, form) != 0


def test_the_forms_have_the_names_that_the_configuration_uses() -> None:
    assert ChecksumForm("rfc9568") is ChecksumForm.MESSAGE_ONLY
    assert ChecksumForm("rfc5798") is ChecksumForm.PSEUDO_HEADER
