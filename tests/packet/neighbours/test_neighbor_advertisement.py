"""Neighbor Discovery frames: announcements, questions, and what other hosts claim."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.packet.neighbours.neighbor_advertisement import (
    neighbor_claim,
    neighbor_solicitation_probe,
    unsolicited_neighbor_advertisement,
)
from tests.packet.packets import ones_complement
from tests.vectors.frames import (
    ADVERTISEMENT_FRAME_E,
    GRATUITOUS_ARP_FRAME,
    NEIGHBOR_ADVERTISEMENT_FRAME,
)

VIRTUAL = IPv6Address("fe80::254")
VIRTUAL_MAC = bytes.fromhex("00005e000201")
RIVAL_MAC = bytes.fromhex("020000000001")
OPTION = bytes.fromhex("0201020000000001")
ALL_NODES = "ff02::1"


def advertisement(
    options: bytes = OPTION,
    *,
    kind: int = 136,
    code: int = 0,
    flags: int = 0xA0,
    target: str = "2001:db8::254",
    destination: str = ALL_NODES,
    ethertype: int = 0x86DD,
    version: int = 6,
    next_header: int = 58,
    hop_limit: int = 255,
    missing: int = 0,
    wrong_checksum: bool = False,
) -> bytes:
    source = IPv6Address("fe80::1").packed
    body = bytes((flags, 0, 0, 0)) + IPv6Address(target).packed + options
    message = (bytes((kind, code, 0, 0)) + body)[: 24 + len(options) - missing]
    ends = source + IPv6Address(destination).packed
    pseudo = ends + len(message).to_bytes(4) + b"\0\0\0\x3a"
    checksum = ones_complement(pseudo + message) ^ wrong_checksum
    return (
        bytes.fromhex("333300000001 020000000099")
        + ethertype.to_bytes(2)
        + bytes((version << 4, 0, 0, 0))
        + len(message).to_bytes(2)
        + bytes((next_header, hop_limit))
        + ends
        + message[:2]
        + checksum.to_bytes(2)
        + message[4:]
    )


@pytest.mark.rfc("9568:6.4.2")
def test_an_unsolicited_advertisement_is_the_frame_of_the_vector() -> None:
    assert unsolicited_neighbor_advertisement(VIRTUAL, VIRTUAL_MAC) == NEIGHBOR_ADVERTISEMENT_FRAME


def test_a_probe_goes_to_the_solicited_node_group_from_the_unspecified_address() -> None:
    probe = neighbor_solicitation_probe(IPv6Address("2001:db8::12:3456:789a"), VIRTUAL_MAC)
    head = bytes.fromhex(
        "3333ff56789a 00005e000201 86dd 60000000 0018 3aff"
        "00000000000000000000000000000000 ff0200000000000000000001ff56789a"
    )
    start = bytes.fromhex("8700")
    end = bytes.fromhex("00000000 20010db8000000000000001234 56789a".replace(" ", ""))
    assert probe[:54] == head
    assert probe[54:56] == start
    assert probe[58:] == end
    pseudo = head[22:] + b"\0\0\0\x18\0\0\0\x3a"
    assert ones_complement(pseudo + probe[54:]) == 0
    assert neighbor_claim(probe) is None


def test_an_unsolicited_advertisement_claims_its_target() -> None:
    assert neighbor_claim(NEIGHBOR_ADVERTISEMENT_FRAME) == (VIRTUAL, VIRTUAL_MAC)


def test_the_address_is_the_target_and_not_the_source() -> None:
    assert neighbor_claim(advertisement()) == (IPv6Address("2001:db8::254"), RIVAL_MAC)


def test_without_the_option_the_mac_is_the_ethernet_source() -> None:
    ethernet_source = bytes.fromhex("020000000099")
    other_option = bytes.fromhex("0e01112233445566")
    for options in (b"", other_option):
        found = neighbor_claim(advertisement(options))
        assert found == (IPv6Address("2001:db8::254"), ethernet_source)


def test_the_option_is_found_after_others() -> None:
    other = bytes.fromhex("0e02112233445566 0000000000000000")
    found = neighbor_claim(advertisement(other + OPTION))
    assert found == (IPv6Address("2001:db8::254"), RIVAL_MAC)


def test_a_solicited_advertisement_to_one_host_claims_too() -> None:
    frame = advertisement(flags=0x60, destination="fe80::9")
    assert neighbor_claim(frame) == (IPv6Address("2001:db8::254"), RIVAL_MAC)


def test_padding_is_ignored() -> None:
    assert neighbor_claim(advertisement() + bytes(9)) == (
        IPv6Address("2001:db8::254"),
        RIVAL_MAC,
    )


@pytest.mark.rfc("4861:7.1.2")
@pytest.mark.parametrize(
    "frame",
    [
        b"",
        ADVERTISEMENT_FRAME_E,
        GRATUITOUS_ARP_FRAME,
        NEIGHBOR_ADVERTISEMENT_FRAME[:53],
        NEIGHBOR_ADVERTISEMENT_FRAME[:-1],
        advertisement(bytes(8))[:-8],  # cut, with the same checksum
        advertisement(ethertype=0x0800),
        advertisement(version=4),
        advertisement(next_header=112),
        advertisement(hop_limit=254),
        advertisement(wrong_checksum=True),
        advertisement(kind=135),
        advertisement(code=1),
        advertisement(b"", missing=1),
        advertisement(flags=0x60),  # solicited, but sent to a group
        advertisement(target="ff02::1"),
        advertisement(bytes.fromhex("0200020000000001")),  # option of length 0
        advertisement(bytes.fromhex("0202020000000001")),  # option longer than the packet
        advertisement(OPTION + b"\x02"),
        advertisement(OPTION + b"\x02\x01"),
    ],
)
def test_every_other_frame_claims_nothing(frame: bytes) -> None:
    assert neighbor_claim(frame) is None


@given(st.binary(max_size=120), st.binary(max_size=60), st.integers(0, 30))
def test_any_octets_are_read_without_raising(octets: bytes, options: bytes, missing: int) -> None:
    for frame in (octets, NEIGHBOR_ADVERTISEMENT_FRAME[:54] + octets):
        assert neighbor_claim(frame) is None or len(frame) >= 78
    claim = neighbor_claim(advertisement(options, missing=min(missing, 20)))
    assert claim is None or len(claim[1]) == 6
