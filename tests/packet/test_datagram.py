"""Build and read the IP packet around a message."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Family, Version
from pyvrrp.packet.datagram import (
    Datagram,
    advertisement_octets,
    build_datagram,
    parse_datagram,
)
from tests.packet.packets import ipv4, ipv6
from tests.vectors.frames import ADVERTISEMENT_FRAME_E, OUR_PACKET_A, OUR_PACKET_E, OUR_PACKET_K
from tests.vectors.messages import VECTOR_A, VECTOR_E, VECTOR_K, MessageVector

E = VECTOR_E.octets
K = VECTOR_K.octets
DATAGRAM_E = Datagram(Family.IPV4, IPv4Address("192.0.2.1"), IPv4Address("224.0.0.18"), 255, E)
DATAGRAM_K = Datagram(Family.IPV6, IPv6Address("fe80::1"), IPv6Address("ff02::12"), 255, K)


@pytest.mark.rfc("9568:5.1.1")
@pytest.mark.parametrize(
    ("vector", "packet"),
    [(VECTOR_E, OUR_PACKET_E), (VECTOR_A, OUR_PACKET_A), (VECTOR_K, OUR_PACKET_K)],
)
def test_a_message_is_sent_in_the_packet_of_the_vector(
    vector: MessageVector, packet: bytes
) -> None:
    assert build_datagram(vector.octets, vector.source, vector.destination) == packet


def test_a_packet_of_another_implementation_is_read() -> None:
    assert parse_datagram(ADVERTISEMENT_FRAME_E[14:], Family.IPV4) == DATAGRAM_E


def test_our_own_packets_are_read() -> None:
    assert parse_datagram(OUR_PACKET_E, Family.IPV4) == DATAGRAM_E
    assert parse_datagram(OUR_PACKET_K, Family.IPV6) == DATAGRAM_K


def test_another_ttl_can_be_sent_and_is_read() -> None:
    source, group = IPv4Address("192.0.2.1"), IPv4Address("224.0.0.18")
    packet = build_datagram(E, source, group, ttl=64)
    assert packet[8] == 64
    assert parse_datagram(packet, Family.IPV4).ttl == 64


@pytest.mark.parametrize("padding", [b"\0" * 14, b"\xff" * 14, b"\x01"])
def test_padding_after_the_packet_is_cut(padding: bytes) -> None:
    assert parse_datagram(OUR_PACKET_E + padding, Family.IPV4) == DATAGRAM_E
    assert parse_datagram(OUR_PACKET_K + padding, Family.IPV6) == DATAGRAM_K


@pytest.mark.parametrize("options", [b"\x94\x04\x00\x00", b"\x01" * 40])
def test_ipv4_options_are_skipped(options: bytes) -> None:
    assert parse_datagram(ipv4(E, options=options), Family.IPV4) == DATAGRAM_E


@pytest.mark.parametrize(
    ("packet", "complaint"),
    [
        (b"", "0 octets, an IPv4 header takes 20"),
        (OUR_PACKET_E[:19], "19 octets"),
        (ipv4(E, version=6), "IP version 6, must be 4"),
        (ipv4(E, header_words=4), "header of 16 octets"),
        (ipv4(E, header_words=0), "header of 0 octets"),
        (ipv4(E, header_words=15), "header of 60 octets in a packet of 32"),
        (ipv4(E, total_length=19), "header of 20 octets in a packet of 19"),
        (ipv4(E, total_length=0), "header of 20 octets in a packet of 0"),
        (ipv4(E, total_length=33), "32 octets of a packet of 33"),
        (ipv4(E, checksum=0), "header checksum is wrong"),
        (ipv4(E, fragment=0x2000), "fragment"),
        (ipv4(E, fragment=0x0001), "fragment"),
        (ipv4(E, fragment=0x1000), "fragment"),
        (ipv4(E, protocol=50), "IP protocol 50, must be 112"),
        (ipv4(b"", protocol=51), "0 octets, an AH takes 12 or more"),
        (ipv4(bytes((112, 4)) + bytes(10), protocol=51), "AH of 24 octets in 12"),
        (ipv4(bytes((112, 0)) + bytes(10), protocol=51), "AH of 8 octets in 12"),
        (ipv4(bytes((17, 4)) + bytes(22), protocol=51), "IP protocol 17, must be 112"),
    ],
)
def test_a_wrong_ipv4_packet_is_refused(packet: bytes, complaint: str) -> None:
    with pytest.raises(MalformedAdvertisementError, match=complaint):
        parse_datagram(packet, Family.IPV4)


@pytest.mark.parametrize(
    ("packet", "complaint"),
    [
        (b"", "0 octets, an IPv6 header takes 40"),
        (OUR_PACKET_K[:39], "39 octets"),
        (ipv6(K, version=4), "IP version 4, must be 6"),
        (ipv6(K, length=41), "80 octets of a packet of 81"),
        (ipv6(K, next_header=0), "next header 0, must be 112"),
        (ipv6(K, next_header=44), "next header 44, must be 112"),
    ],
)
def test_a_wrong_ipv6_packet_is_refused(packet: bytes, complaint: str) -> None:
    with pytest.raises(MalformedAdvertisementError, match=complaint):
        parse_datagram(packet, Family.IPV6)


def test_a_packet_without_payload_is_read() -> None:
    assert parse_datagram(ipv4(b""), Family.IPV4).payload == b""
    assert parse_datagram(ipv6(b""), Family.IPV6).payload == b""


def test_source_and_destination_must_be_of_one_family() -> None:
    with pytest.raises(MalformedAdvertisementError, match=r"192\.0\.2\.1 cannot send to ff02::12"):
        build_datagram(E, IPv4Address("192.0.2.1"), IPv6Address("ff02::12"))


@given(st.binary(max_size=120), st.sampled_from(Family))
def test_any_octets_parse_or_are_malformed(packet: bytes, family: Family) -> None:
    with suppress(MalformedAdvertisementError):
        parse_datagram(packet, family)


@given(st.binary(max_size=60), st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 255))
def test_what_was_built_parses_to_the_same_values(
    message: bytes, v4: IPv4Address, v6: IPv6Address, ttl: int
) -> None:
    for family, address in ((Family.IPV4, v4), (Family.IPV6, v6)):
        packet = build_datagram(message, address, address, ttl=ttl)
        assert parse_datagram(packet, family) == Datagram(family, address, address, ttl, message)


def test_a_unicast_packet_has_an_identification_that_the_kernel_does_not_replace() -> None:
    source = IPv4Address("192.0.2.1")
    unicast = build_datagram(E, source, IPv4Address("192.0.2.2"))
    assert unicast[4:8] == bytes.fromhex("00014000")
    assert build_datagram(E, source, IPv4Address("224.0.0.18"))[4:8] == bytes.fromhex("00004000")


@pytest.mark.parametrize(
    ("version", "family", "addresses", "octets"),
    [
        (Version.V2, Family.IPV4, 1, 40),  # IPv4 header 20, header 8, address 4, authentication 8
        (Version.V3, Family.IPV4, 1, 32),
        (Version.V3, Family.IPV6, 90, 1488),  # IPv6 header 40, header 8, 90 addresses of 16
    ],
)
def test_the_length_of_an_advertisement_is_that_of_its_whole_packet(
    version: Version, family: Family, addresses: int, octets: int
) -> None:
    assert advertisement_octets(version, family, addresses) == octets
