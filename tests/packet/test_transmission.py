"""The IP packet of an advertisement."""

from dataclasses import replace

import pytest

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.packet.transmission import advertisement_packet
from tests.vectors.frames import OUR_PACKET_A, OUR_PACKET_E, OUR_PACKET_K
from tests.vectors.messages import VECTOR_A, VECTOR_E, VECTOR_F, VECTOR_K, MessageVector


def sent(vector: MessageVector) -> bytes:
    return advertisement_packet(
        vector.advertisement, vector.source, vector.destination, vector.form
    )


@pytest.mark.rfc("9568:7.2")
@pytest.mark.parametrize(
    ("vector", "packet"),
    [(VECTOR_A, OUR_PACKET_A), (VECTOR_E, OUR_PACKET_E), (VECTOR_K, OUR_PACKET_K)],
)
def test_an_advertisement_becomes_the_packet_of_the_vector(
    vector: MessageVector, packet: bytes
) -> None:
    assert sent(vector) == packet


def test_the_packet_for_equal_values_comes_from_the_cache() -> None:
    again = replace(VECTOR_E, advertisement=replace(VECTOR_E.advertisement))
    assert sent(VECTOR_E) is sent(again)


def test_another_checksum_form_is_another_packet() -> None:
    assert sent(VECTOR_F)[20:] == bytes.fromhex("31016401 0064050a c00002fe")


def test_another_priority_is_another_packet() -> None:
    released = replace(VECTOR_E, advertisement=replace(VECTOR_E.advertisement, priority=0))
    assert sent(released)[20:] == bytes.fromhex("31010001 00640b9b c00002fe")


def test_values_that_the_format_cannot_express_are_refused() -> None:
    with pytest.raises(MalformedAdvertisementError):
        sent(replace(VECTOR_E, advertisement=replace(VECTOR_E.advertisement, vrid=256)))
