"""ARP frames: announcements, questions, and what other hosts claim."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim, arp_probe, gratuitous_arp
from tests.vectors.frames import (
    ADVERTISEMENT_FRAME_E,
    GRATUITOUS_ARP_FRAME,
    NEIGHBOR_ADVERTISEMENT_FRAME,
)

VIRTUAL = IPv4Address("192.0.2.254")
VIRTUAL_MAC = bytes.fromhex("00005e000101")
REPLY = bytes.fromhex(
    "020000000009 020000000001 0806 0001 0800 06 04 0002020000000001 c00002fe 020000000009 c0000209"
)


@pytest.mark.rfc("9568:6.4.2")
def test_a_gratuitous_arp_is_the_frame_of_the_vector() -> None:
    assert gratuitous_arp(VIRTUAL, VIRTUAL_MAC) == GRATUITOUS_ARP_FRAME


def test_a_probe_claims_nothing() -> None:
    probe = arp_probe(VIRTUAL, VIRTUAL_MAC)
    assert probe == bytes.fromhex(
        "ffffffffffff 00005e000101 0806 0001 0800 06 04 0001"
        "00005e000101 00000000 000000000000 c00002fe"
    )
    assert arp_claim(probe) is None


def test_a_gratuitous_arp_claims_its_address() -> None:
    assert arp_claim(GRATUITOUS_ARP_FRAME) == (VIRTUAL, VIRTUAL_MAC)


def test_a_reply_claims_the_address_of_its_sender() -> None:
    assert arp_claim(REPLY) == (VIRTUAL, bytes.fromhex("020000000001"))


def test_the_mac_is_that_of_the_arp_sender_and_not_the_ethernet_source() -> None:
    proxied = REPLY[:6] + bytes.fromhex("02000000ffff") + REPLY[12:]
    assert arp_claim(proxied) == (VIRTUAL, bytes.fromhex("020000000001"))


def test_an_ordinary_request_claims_the_address_of_its_sender() -> None:
    request = bytes.fromhex(
        "ffffffffffff 020000000001 0806 0001 0800 06 04 0001"
        "020000000001 c0000201 000000000000 c00002fe"
    )
    assert arp_claim(request) == (IPv4Address("192.0.2.1"), bytes.fromhex("020000000001"))


def test_padding_is_ignored() -> None:
    assert arp_claim(REPLY + bytes(18)) == (VIRTUAL, bytes.fromhex("020000000001"))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        REPLY[:41],
        ADVERTISEMENT_FRAME_E,
        NEIGHBOR_ADVERTISEMENT_FRAME,
        REPLY[:15] + b"\x06" + REPLY[16:],  # hardware type 6
        REPLY[:16] + b"\x86\xdd" + REPLY[18:],  # protocol type IPv6
        REPLY[:18] + b"\x08" + REPLY[19:],  # hardware length 8
        REPLY[:19] + b"\x10" + REPLY[20:],  # protocol length 16
        REPLY[:21] + b"\x00" + REPLY[22:],  # operation 0
        REPLY[:21] + b"\x03" + REPLY[22:],  # reverse ARP
    ],
)
def test_every_other_frame_claims_nothing(frame: bytes) -> None:
    assert arp_claim(frame) is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_octets_are_read_without_raising(octets: bytes, end: bytes) -> None:
    for frame in (octets, REPLY[:14] + octets, REPLY[:22] + end):
        claim = arp_claim(frame)
        assert claim is None or len(claim[1]) == 6
