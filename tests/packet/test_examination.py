"""The receive checks that depend on the packet alone: each check, then their order."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.identity import Family, Version
from pyvrrp.packet.checksum import ChecksumForm, internet_checksum
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.examination import Discarded, DiscardReason, Examined, examine
from pyvrrp.packet.transmission import advertisement_packet
from tests.packet.advertisements import Sent, sendable
from tests.packet.packets import ipv4, ipv6, v6_message, with_checksum
from tests.vectors.frames import ADVERTISEMENT_FRAME_E
from tests.vectors.messages import MESSAGES, VECTOR_A, VECTOR_E, VECTOR_F, VECTOR_K, MessageVector

MESSAGE_ONLY, PSEUDO_HEADER = ChecksumForm.MESSAGE_ONLY, ChecksumForm.PSEUDO_HEADER
A, E, K = VECTOR_A.octets, VECTOR_E.octets, VECTOR_K.octets
SOURCE, GROUP = IPv4Address("192.0.2.1"), IPv4Address("224.0.0.18")

FORWARDED = ": a router or NAT has forwarded it, or its sender does not send VRRP"


def packet_of(vector: MessageVector) -> bytes:
    return ipv4(vector.octets) if vector.family is Family.IPV4 else ipv6(vector.octets)


def discarded(packet: bytes, family: Family = Family.IPV4) -> Discarded:
    found = examine(packet, family)
    assert isinstance(found, Discarded)
    return found


def examined(packet: bytes, family: Family = Family.IPV4) -> Examined:
    found = examine(packet, family)
    assert isinstance(found, Examined)
    return found


@pytest.mark.parametrize("vector", MESSAGES, ids=lambda vector: vector.name)
def test_every_vector_passes(vector: MessageVector) -> None:
    one_form = vector.advertisement.version is Version.V2 or vector.family is Family.IPV6
    assert examined(packet_of(vector), vector.family) == Examined(
        vector.source,
        vector.destination,
        vector.advertisement,
        frozenset() if one_form else frozenset({vector.form}),
    )


def test_the_frame_of_another_implementation_passes() -> None:
    assert examined(ADVERTISEMENT_FRAME_E[14:]).advertisement == VECTOR_E.advertisement


# --- each check -----------------------------------------------------------------------------


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("ttl", [0, 1, 64, 254])
@pytest.mark.parametrize("message", [A, E])
def test_a_ttl_other_than_255_is_refused(ttl: int, message: bytes) -> None:
    assert discarded(ipv4(message, ttl=ttl)) == Discarded(
        DiscardReason.TTL, f"TTL {ttl}, must be 255{FORWARDED}", 1, SOURCE
    )


@pytest.mark.rfc("9568:5.1.2.3")
@pytest.mark.parametrize("hop_limit", [0, 1, 64, 254])
def test_a_hop_limit_other_than_255_is_refused(hop_limit: int) -> None:
    assert discarded(ipv6(K, hop_limit=hop_limit), Family.IPV6) == Discarded(
        DiscardReason.TTL,
        f"hop limit {hop_limit}, must be 255{FORWARDED}",
        1,
        IPv6Address("fe80::1"),
    )


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("version", [0, 1, 4, 15])
def test_an_unknown_version_is_refused(version: int) -> None:
    message = with_checksum(bytes((version << 4 | 1,)) + E[1:])
    assert discarded(ipv4(message)) == Discarded(
        DiscardReason.VERSION, f"version {version}, must be 2 or 3", 1, SOURCE
    )


@pytest.mark.parametrize("version", [0, 1, 2, 4, 15])
def test_only_version_3_exists_over_ipv6(version: int) -> None:
    message = v6_message(bytes((version << 4 | 1,)) + K[1:])
    found = discarded(ipv6(message), Family.IPV6)
    assert (found.reason, found.detail) == (
        DiscardReason.VERSION,
        f"version {version}, must be 3",
    )


@pytest.mark.rfc("9568:5.2.2")
@pytest.mark.parametrize("kind", [0, 2, 15])
def test_an_unknown_type_is_refused(kind: int) -> None:
    v3 = discarded(ipv4(with_checksum(bytes((0x30 | kind,)) + E[1:])))
    assert v3 == Discarded(DiscardReason.TYPE, f"type {kind}, must be 1", 1, SOURCE)
    v6 = discarded(ipv6(v6_message(bytes((0x30 | kind,)) + K[1:])), Family.IPV6)
    assert v6.reason is DiscardReason.TYPE


@pytest.mark.rfc("3768:5.3.2")
@pytest.mark.parametrize("kind", [0, 2, 15])
def test_the_type_of_a_v2_message_is_checked_last(kind: int) -> None:
    found = discarded(ipv4(with_checksum(bytes((0x20 | kind,)) + A[1:])))
    assert found == Discarded(
        DiscardReason.TYPE, f"type {kind}, must be 1", 1, SOURCE, after_vrid=True
    )


@pytest.mark.parametrize("octets", [0, 1, 4, 7])
def test_less_than_a_header_is_refused_without_a_vrid(octets: int) -> None:
    expected = f"{octets} octets, the header alone takes 8"
    assert discarded(ipv4(E[:octets])) == Discarded(DiscardReason.LENGTH, expected, None, SOURCE)
    assert discarded(ipv6(K[:octets]), Family.IPV6).detail == expected


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (E[:8], "8 octets, version 3 with 1 addresses takes 12"),
        (E[:11], "11 octets, version 3 with 1 addresses takes 12"),
        (E[:3] + b"\x02" + E[4:], "12 octets, version 3 with 2 addresses takes 16"),
        (A[:12], "12 octets, version 2 with 1 addresses takes 20"),
        (A[:16], "16 octets, version 2 with 1 addresses takes 20"),
        (A[:3] + b"\x02" + A[4:], "20 octets, version 2 with 2 addresses takes 24"),
        (E + bytes(1), "13 octets, version 3 with 1 addresses takes 12"),
        (E + bytes(4), "16 octets, version 3 with 1 addresses takes 12"),
        (E + bytes(14), "26 octets, version 3 with 1 addresses takes 12"),
        (A + bytes(4), "24 octets, version 2 with 1 addresses takes 20"),
        (E[:3] + b"\x00" + E[4:], "12 octets, version 3 with 0 addresses takes 8"),
    ],
)
def test_a_length_that_does_not_fit_the_count_is_refused(message: bytes, detail: str) -> None:
    assert discarded(ipv4(with_checksum(message))) == Discarded(
        DiscardReason.LENGTH, detail, 1, SOURCE
    )


@pytest.mark.parametrize("cut", range(1, 16))
def test_a_last_ipv6_address_that_is_cut_is_refused(cut: int) -> None:
    found = discarded(ipv6(v6_message(K[:-cut])), Family.IPV6)
    assert found.reason is DiscardReason.LENGTH


@pytest.mark.rfc("9568:5.2.8")
def test_a_wrong_checksum_is_refused_and_the_correct_one_is_named() -> None:
    wrong = E[:6] + b"\x12\x34" + E[8:]
    assert discarded(ipv4(wrong)) == Discarded(
        DiscardReason.CHECKSUM,
        "checksum 0x1234, must be 0xa79a (rfc9568) or 0x050a (rfc5798)",
        1,
        SOURCE,
    )
    assert discarded(ipv4(A[:6] + b"\x12\x34" + A[8:])).detail == (
        "checksum 0x1234, must be 0xb7fd"
    )
    assert discarded(ipv6(K[:6] + b"\x12\x34" + K[8:]), Family.IPV6).detail == (
        "checksum 0x1234, must be 0x3b87"
    )


@pytest.mark.rfc("9568:5.2.8")
def test_ipv6_without_the_pseudo_header_is_refused() -> None:
    assert discarded(ipv6(with_checksum(K)), Family.IPV6).reason is DiscardReason.CHECKSUM


def test_v2_with_the_pseudo_header_is_refused() -> None:
    pseudo = SOURCE.packed + GROUP.packed + b"\x00\x70\x00\x14"
    assert discarded(ipv4(with_checksum(A, pseudo))).reason is DiscardReason.CHECKSUM


def test_both_forms_are_named_if_the_addresses_make_their_checksums_equal() -> None:
    # 0xe000 + 0x0012 + 0x0070 + 0x000c + 0x1f71 + 0x0000 = 0xffff
    source = "31.113.0.0"
    message = with_checksum(E)
    assert examined(ipv4(message, source=source)).checksum_forms == {MESSAGE_ONLY, PSEUDO_HEADER}


def test_a_v3_advertisement_without_addresses_is_for_the_router_of_its_vrid_to_judge() -> None:
    empty = bytes.fromhex("3133c80000640000")
    assert examined(ipv4(with_checksum(empty))).advertisement.addresses == ()
    assert examined(ipv6(v6_message(empty)), Family.IPV6).advertisement.addresses == ()


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("field", [b"\x00\x00", b"\xf0\x00"])
def test_an_interval_of_zero_is_refused_after_the_vrid(field: bytes) -> None:
    assert discarded(ipv4(with_checksum(E[:4] + field + E[6:]))) == Discarded(
        DiscardReason.INTERVAL,
        "interval 0, must be 1 to 4095 centiseconds",
        1,
        SOURCE,
        after_vrid=True,
    )
    v6 = discarded(ipv6(v6_message(K[:4] + field + K[6:])), Family.IPV6)
    assert (v6.reason, v6.after_vrid) == (DiscardReason.INTERVAL, True)


@pytest.mark.parametrize("first", ["fe80::1", "febf:ffff::1"])
def test_all_of_fe80_10_is_link_local(first: str) -> None:
    message = v6_message(K[:8] + IPv6Address(first).packed + K[24:])
    assert examined(ipv6(message), Family.IPV6).advertisement.addresses[0] == IPv6Address(first)


def test_broken_packets_have_a_counter_of_their_own() -> None:
    assert discarded(ipv4(E, fragment=0x2000)) == Discarded(
        DiscardReason.MALFORMED, "the packet is a fragment"
    )
    assert discarded(ipv4(E), Family.IPV6).reason is DiscardReason.MALFORMED


# --- what must be accepted ------------------------------------------------------------------


@pytest.mark.rfc("9568:5.2.6")
@pytest.mark.parametrize("reserve", range(16))
def test_any_reserve_is_ignored(reserve: int) -> None:
    v4 = with_checksum(E[:4] + bytes((reserve << 4,)) + E[5:])
    v6 = v6_message(K[:4] + bytes((reserve << 4,)) + K[5:])
    assert examined(ipv4(v4)).advertisement == VECTOR_E.advertisement
    assert examined(ipv6(v6), Family.IPV6).advertisement == VECTOR_K.advertisement


@pytest.mark.parametrize("source", ["203.0.113.7", "10.0.0.1", "192.0.2.254"])
def test_any_source_is_accepted(source: str) -> None:
    assert examined(ipv4(E, source=source)).source == IPv4Address(source)


def test_a_unicast_destination_is_accepted_and_reported() -> None:
    found = examined(ipv4(E, destination="192.0.2.9"))
    assert found.destination == IPv4Address("192.0.2.9")


def test_ethernet_padding_and_ip_options_are_ignored() -> None:
    assert examined(ipv4(E) + bytes(14)).advertisement == VECTOR_E.advertisement
    assert examined(ipv4(A) + b"\xff" * 6).advertisement == VECTOR_A.advertisement
    options = ipv4(E, options=b"\x94\x04\x00\x00")
    assert examined(options).advertisement == VECTOR_E.advertisement


def test_v2_without_addresses_or_interval_passes() -> None:  # `admit` checks them
    empty = with_checksum(bytes.fromhex("2101c800 00000000 00000000 00000000"))
    found = examined(ipv4(empty)).advertisement
    assert (found.addresses, found.interval) == ((), 0)


def test_an_unknown_authentication_type_passes() -> None:  # `admit` checks it
    message = with_checksum(A[:4] + b"\x03" + A[5:])
    assert examined(ipv4(message)).advertisement.auth_type == 3


# --- the order ------------------------------------------------------------------------------


def broken_down_to(step: int, version: int) -> bytes:
    """Return a packet in which every check from *step* on fails, and none before it."""
    message = bytearray(E if version == 3 else A)
    if step <= 6:
        message[4:6] = bytes(2)
    if step <= 5 and version == 3:
        message[3:] = bytes(5)
    fixed = with_checksum(bytes(message))
    if step <= 4:
        fixed = fixed[:6] + b"\x12\x34" + fixed[8:]
    if step <= 3:
        fixed += b"\0"
    if step <= 2:
        fixed = bytes((fixed[0] & 0xF0 | 2,)) + fixed[1:]
    if step <= 1:
        fixed = b"\x42" + fixed[1:]
    return ipv4(fixed, ttl=254 if step <= 0 else 255)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (0, DiscardReason.TTL),
        (1, DiscardReason.VERSION),
        (2, DiscardReason.TYPE),
        (3, DiscardReason.LENGTH),
        (4, DiscardReason.CHECKSUM),
        (5, DiscardReason.INTERVAL),
        (6, DiscardReason.INTERVAL),
    ],
)
def test_the_first_failing_check_of_v3_is_the_reason(step: int, reason: DiscardReason) -> None:
    assert discarded(broken_down_to(step, 3)).reason is reason


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (0, DiscardReason.TTL),
        (1, DiscardReason.VERSION),
        (2, DiscardReason.LENGTH),
        (3, DiscardReason.LENGTH),
        (4, DiscardReason.CHECKSUM),
    ],
)
def test_the_first_failing_check_of_v2_is_the_reason(step: int, reason: DiscardReason) -> None:
    assert discarded(broken_down_to(step, 2)).reason is reason


def test_a_unicast_packet_with_a_low_ttl_passes_and_its_ttl_is_reported() -> None:
    ends = SOURCE, IPv4Address("192.0.2.9")
    found = examine(build_datagram(E, *ends, ttl=64), Family.IPV4)
    assert isinstance(found, Examined)
    assert (found.ttl, found.destination) == (64, ends[1])


def test_the_length_is_checked_before_the_ttl_only_if_the_header_is_cut() -> None:
    assert discarded(ipv4(E[:7], ttl=1)).reason is DiscardReason.LENGTH
    assert discarded(ipv4(E[:11], ttl=1)).reason is DiscardReason.TTL


# --- any octets -----------------------------------------------------------------------------


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize(
    "vector", [VECTOR_A, VECTOR_E, VECTOR_F, VECTOR_K], ids=lambda vector: vector.name
)
def test_flipping_any_bit_is_noticed(vector: MessageVector) -> None:
    packet = packet_of(vector)
    # No checksum covers the traffic class and the flow label of IPv6, and no check uses them.
    unprotected = range(4, 32) if vector.family is Family.IPV6 else range(0)
    for bit in range(len(packet) * 8):
        flipped = bytearray(packet)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        found = examine(bytes(flipped), vector.family)
        if bit in unprotected:
            assert found == examine(packet, vector.family)
        else:
            assert isinstance(found, Discarded), f"bit {bit}"


def test_the_checksum_alone_notices_any_flipped_bit_of_the_message() -> None:
    for vector in (VECTOR_A, VECTOR_E, VECTOR_F, VECTOR_K):
        for bit in range(32 + 16, len(vector.octets) * 8):
            flipped = bytearray(vector.octets)
            flipped[bit // 8] ^= 0x80 >> bit % 8
            found = examine(packet_of(replace(vector, octets=bytes(flipped))), vector.family)
            assert isinstance(found, Discarded)
            assert found.reason is DiscardReason.CHECKSUM


@given(st.binary(max_size=200), st.sampled_from(Family))
def test_any_octets_are_examined_without_raising(packet: bytes, family: Family) -> None:
    assert isinstance(examine(packet, family), Examined | Discarded)


@given(st.binary(max_size=100), st.sampled_from(Family), st.integers(250, 255))
def test_any_message_in_a_good_packet_is_examined_without_raising(
    message: bytes, family: Family, ttl: int
) -> None:
    v4 = family is Family.IPV4
    packet = ipv4(message, ttl=ttl) if v4 else ipv6(message, hop_limit=ttl)
    assert isinstance(examine(packet, family), Examined | Discarded)


@given(st.binary(min_size=8, max_size=100), st.sampled_from(Family))
def test_any_message_with_a_right_checksum_is_examined_without_raising(
    message: bytes, family: Family
) -> None:
    v4 = family is Family.IPV4
    packet = ipv4(with_checksum(message)) if v4 else ipv6(v6_message(message))
    found = examine(packet, family)
    assert not isinstance(found, Discarded) or found.reason is not DiscardReason.MALFORMED


@given(sendable())
def test_every_packet_that_we_send_passes(sent: Sent) -> None:
    packet = advertisement_packet(sent.advertisement, sent.source, sent.destination, sent.form)
    found = examined(packet, sent.family)
    assert (found.source, found.destination) == (sent.source, sent.destination)
    assert found.advertisement == sent.advertisement
    if sent.advertisement.version is Version.V3 and sent.family is Family.IPV4:
        assert sent.form in found.checksum_forms
    else:
        assert found.checksum_forms == frozenset()


# --- the cache ------------------------------------------------------------------------------


def test_the_result_for_an_equal_packet_comes_from_the_cache() -> None:
    packet = ipv4(E, source="192.0.2.77")
    assert examine(packet, Family.IPV4) is examine(bytes(bytearray(packet)), Family.IPV4)


def test_the_result_for_a_very_long_packet_is_not_cached() -> None:
    packet = ipv4(E) + bytes(1500)
    assert examine(packet, Family.IPV4) == examine(ipv4(E), Family.IPV4)
    assert examine(packet, Family.IPV4) is not examine(packet, Family.IPV4)


# --- other programs that use the protocol number, or put something around it --------------------

V2_MESSAGE = with_checksum(
    bytes.fromhex("2133640100010000c000026400000000 00000000".replace(" ", ""))
)
CARP = bytes.fromhex("213300070001b7fd") + bytes(28)
AH = bytes((112, 4, 0, 0)) + bytes(20)


def test_carp_is_named_and_proves_nothing() -> None:
    assert discarded(ipv4(CARP)) == Discarded(
        DiscardReason.LENGTH,
        "CARP uses number 51 here too, and CARP is not VRRP",
        51,
        SOURCE,
    )


def test_vrrp_with_an_authentication_header_is_named_and_proves_that_somebody_lives() -> None:
    found = discarded(ipv4(AH + V2_MESSAGE, protocol=51))
    assert (found.reason, found.vrid, found.source, found.after_vrid) == (
        DiscardReason.INVALID_AUTH_TYPE,
        51,
        SOURCE,
        True,
    )
    assert found.detail == (
        "authentication type 2 (AH, an authentication header of IPsec), must be 0 or 1"
    )
    assert found.neighbour is not None
    assert found.neighbour.addresses == (IPv4Address("192.0.2.100"),)
    assert found.neighbour.priority == 100


def test_behind_an_authentication_header_the_usual_checks_are_made() -> None:
    wrong_sum = V2_MESSAGE[:6] + b"\0\0" + V2_MESSAGE[8:]
    assert discarded(ipv4(AH + wrong_sum, protocol=51)).reason is DiscardReason.CHECKSUM
    assert discarded(ipv4(AH + V2_MESSAGE, protocol=51, ttl=9)).reason is DiscardReason.TTL
    other_type = with_checksum(b"\x22" + V2_MESSAGE[1:])
    assert discarded(ipv4(AH + other_type, protocol=51)).reason is DiscardReason.TYPE
    far = build_datagram(V2_MESSAGE, SOURCE, IPv4Address("192.0.2.9"), ttl=64)
    far = far[:9] + b"\x33" + far[10:20] + AH + V2_MESSAGE
    far = far[:2] + len(far).to_bytes(2) + far[4:10] + bytes(2) + far[12:]
    far = far[:10] + internet_checksum(far[:20]).to_bytes(2) + far[12:]
    found = discarded(far)
    assert (found.reason, found.neighbour) == (DiscardReason.INVALID_AUTH_TYPE, None)


def test_longer_authentication_data_is_named_if_a_product_is_known_to_send_it() -> None:
    cisco = V2_MESSAGE[:4] + b"\xfe" + V2_MESSAGE[5:] + bytes(16)
    found = discarded(ipv4(cisco))
    assert found.reason is DiscardReason.INVALID_AUTH_TYPE
    assert found.detail == "authentication type 254 (MD5 of Cisco), must be 0 or 1"
    assert found.neighbour is not None
    assert found.neighbour.priority == 100
    unknown = V2_MESSAGE[:4] + b"\x09" + V2_MESSAGE[5:] + bytes(16)
    assert discarded(ipv4(unknown)).reason is DiscardReason.LENGTH
    unicast = build_datagram(cisco, SOURCE, IPv4Address("192.0.2.9"), ttl=64)
    assert discarded(unicast).reason is DiscardReason.LENGTH
    nothing = b"\x21\x33\x64\x00\xfe" + bytes(30)
    assert discarded(ipv4(nothing)).reason is DiscardReason.LENGTH


def test_a_first_ipv6_address_that_is_global_passes() -> None:
    message = v6_message(K[:8] + K[24:] + K[8:24])
    found = examined(ipv6(message), Family.IPV6)
    assert str(found.advertisement.addresses[0]) == "2001:db8::254"
