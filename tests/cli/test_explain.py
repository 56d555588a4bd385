"""Explain a packet: every field of a valid one, the readable fields of an invalid one."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.cli.captures.explain import Explanation, as_json, as_text, explain
from pyvrrp.identity import Family
from pyvrrp.units import Nanoseconds
from tests.cli.captures import IPV4_HEADER, IPV6_HEADER, JSON_E, PACKET_E, PACKET_F, PACKET_K

SECOND = 1_000_000_000


def explained(packet: bytes, family: Family = Family.IPV4, time: int = 0) -> Explanation:
    explanation = explain(packet, family, Nanoseconds(time))
    assert explanation is not None
    return explanation


def ipv4(message_hex: str, ttl: int = 255) -> bytes:
    """Return a packet from 192.0.2.1 to the group with a correct header checksum."""
    message = bytes.fromhex(message_hex)
    header = bytearray(IPV4_HEADER)
    header[2:4] = (20 + len(message)).to_bytes(2)
    header[8] = ttl
    header[10:12] = bytes(2)
    total = sum(int.from_bytes(header[at : at + 2]) for at in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    header[10:12] = (0xFFFF - ((total & 0xFFFF) + (total >> 16))).to_bytes(2)
    return bytes(header) + message


def test_json_has_every_field_of_an_advertisement() -> None:
    assert as_json(explained(PACKET_E, time=1_700_000_000_250_000_000)) == JSON_E


@pytest.mark.rfc("9568:5.2.8")
def test_the_form_of_the_checksum_of_version_3_over_ipv4_is_named() -> None:
    assert explained(PACKET_E).checksum == "rfc9568"
    assert explained(PACKET_F).checksum == "rfc5798"


def test_an_ipv6_advertisement_has_one_form_of_checksum() -> None:
    found = explained(PACKET_K, Family.IPV6)
    assert found.checksum == "ok"
    assert found.source == IPv6Address("fe80::1")
    assert found.addresses == (IPv6Address("fe80::254"), IPv6Address("2001:db8::254"))
    assert found.valid


def test_version_2_shows_its_authentication_type_and_whole_seconds() -> None:
    # Vector D: VRID 1, priority 100, 1 s, 192.0.2.254, password "secret".
    found = explained(ipv4("2101640101017ab1c00002fe7365637265740000"))
    assert (found.version, found.auth_type, found.interval) == (2, 1, SECOND)
    assert (found.checksum, found.valid) == ("ok", True)
    assert "secret" not in as_text(found)


def test_text_explains_an_advertisement() -> None:
    assert as_text(explained(PACKET_F, time=1_700_000_000_250_000_000)) == (
        "2023-11-14 22:13:20.250000 192.0.2.1 > 224.0.0.18: "
        "VRRPv3, VRID 1, priority 100, every 1 s\n"
        "    addresses: 192.0.2.254\n"
        "    checksum: correct with a pseudo-header (RFC 5798, keepalived, FRR)"
    )


def test_text_explains_priority_0() -> None:
    # Vector G.
    text = as_text(explained(ipv4("3101000100640b9bc00002fe")))
    assert "priority 0 (gives up)" in text


def test_a_time_before_the_epoch_is_shown_in_seconds() -> None:
    assert as_text(explained(PACKET_E, time=-2 * SECOND)).startswith("-2.0 s 192.0.2.1")


def test_a_time_after_the_year_9999_is_shown_in_seconds() -> None:
    assert as_text(explained(PACKET_E, time=10**12 * SECOND)).startswith("1000000000000.0 s")


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (ipv4("310164010064a79ac00002fe", ttl=254), "ip_ttl_errors"),
        (ipv4("410164010064a79ac00002fe"), "version_errors"),
        (ipv4("320164010064a79ac00002fe"), "invalid_type_pkts_rcvd"),
        (ipv4("310164020064a79ac00002fe"), "packet_length_errors"),
        (ipv4("310164010064a79bc00002fe"), "checksum_errors"),
        (ipv4("310164000064" + "6a9a"), "address_count_errors"),
        (ipv4("310164010000a7fec00002fe"), "interval_errors"),
        # Vector A with an interval of 0, which is never accepted.
        (ipv4("210164010000b7fec00002fe0000000000000000"), "interval_errors"),
        # Vector A with authentication type 3, which no RFC defines.
        (ipv4("210164010301b4fdc00002fe0000000000000000"), "invalid_auth_type"),
        (PACKET_E[:24], "malformed_datagrams"),
        (PACKET_E[:6] + b"\x20\x00" + PACKET_E[8:], "malformed_datagrams"),
    ],
)
def test_a_failed_receive_check_is_named_and_explained(packet: bytes, problem: str) -> None:
    found = explained(packet)
    assert [str(name) for name in found.problems] == [problem]
    assert not found.valid
    assert f"\n    INVALID {problem}: " in as_text(found)


def test_the_remaining_fields_of_a_cut_packet_are_shown() -> None:
    found = explained(PACKET_E[:28])
    assert (found.version, found.vrid, found.priority) == (3, 1, 100)
    assert (found.addresses, found.checksum) == ((), "bad")


def test_a_message_that_is_shorter_than_its_header_has_no_fields() -> None:
    found = explained(ipv4("310164"))
    assert found.source == IPv4Address("192.0.2.1")
    assert (found.version, found.vrid, found.checksum, found.addresses) == (None, None, None, ())
    assert as_text(found).startswith(
        "1970-01-01 00:00:00.000000 192.0.2.1 > 224.0.0.18: VRRP, too short to read\n"
    )


def test_the_middle_of_a_fragmented_message_is_not_read_as_a_header() -> None:
    found = explained(PACKET_E[:6] + b"\x00\x10" + PACKET_E[8:])
    assert (found.version, found.valid) == (None, False)


def test_an_unknown_version_has_no_interval_and_no_checksum() -> None:
    found = explained(ipv4("410164010064a79ac00002fe"))
    assert (found.version, found.interval, found.checksum) == (4, None, None)


def test_vrrp_after_an_authentication_header_is_found_and_refused() -> None:
    authentication = bytes.fromhex("7004000000000000 00000000") + bytes(12)
    inner = authentication + bytes.fromhex("210164010201b5fdc00002fe0000000000000000")
    packet = bytearray(ipv4(inner.hex()))
    packet[9] = 51
    found = explained(bytes(packet))
    assert (found.version, found.auth_type, found.valid) == (2, 2, False)


def test_vrrp_after_an_ipv6_option_header_is_found_and_refused() -> None:
    options = bytes.fromhex("7000010400000000")
    packet = bytearray(IPV6_HEADER + options + PACKET_K[40:])
    packet[4:6] = (48).to_bytes(2)
    packet[6] = 0
    found = explained(bytes(packet), Family.IPV6)
    assert (found.vrid, [str(name) for name in found.problems]) == (1, ["malformed_datagrams"])


def test_a_unicast_destination_is_shown() -> None:
    packet = bytearray(PACKET_E)
    packet[16:20] = bytes((192, 0, 2, 2))
    assert "not the group 224.0.0.18" in as_text(explained(bytes(packet)))


@pytest.mark.parametrize("protocol", [1, 6, 17, 51])
def test_other_protocols_are_not_vrrp(protocol: int) -> None:
    packet = bytearray(PACKET_E)
    packet[9] = protocol
    assert explain(bytes(packet), Family.IPV4) is None


@given(st.sampled_from(Family), st.binary(max_size=200))
def test_any_octets_give_an_explanation_or_none(family: Family, packet: bytes) -> None:
    explanation = explain(packet, family)
    assert explanation is None or as_text(explanation)


@given(st.sampled_from(((Family.IPV4, IPV4_HEADER), (Family.IPV6, IPV6_HEADER))), st.binary())
def test_any_message_gives_an_explanation(kind: tuple[Family, bytes], message: bytes) -> None:
    family, header = kind
    explanation = explained(header + message, family)
    assert as_json(explanation)["valid"] is (explanation.problems == ())
    assert as_text(explanation)


def test_ipv6_whose_first_address_is_not_link_local_is_refused() -> None:
    # Vector K with its two addresses exchanged, which does not change the checksum.
    packet = PACKET_K[:48] + PACKET_K[64:80] + PACKET_K[48:64]
    found = explained(packet, Family.IPV6)
    assert [str(name) for name in found.problems] == ["first_address_errors"]
