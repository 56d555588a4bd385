"""ICMP echo messages and errors."""

import struct

import pytest

from pyvrrp.identity import Family
from pyvrrp.probes.icmp import Echo, error_in_words

V4 = Echo(Family.IPV4, 0x1234, b"0123456789abcdef")
V6 = Echo(Family.IPV6, 0x1234, b"0123456789abcdef")
# The sum of the words 0800 1234 0001 and those of the token, complemented: RFC 1071.
REQUEST = bytes.fromhex("0800 b693 1234 0001") + b"0123456789abcdef"
REPLY = bytes.fromhex("0000 be93 1234 0001") + b"0123456789abcdef"
HEADER = bytes.fromhex("4500002c000000004001000 0c0000202c0000201".replace(" ", ""))


def test_a_request_over_ipv4_has_a_checksum() -> None:
    assert V4.request() == REQUEST


def test_a_request_over_ipv6_leaves_the_checksum_to_the_kernel() -> None:
    assert V6.request() == bytes.fromhex("8000 0000 1234 0001") + b"0123456789abcdef"


def test_the_reply_to_the_request_is_recognised() -> None:
    assert V4.is_answered_by(HEADER + REPLY)
    assert V6.is_answered_by(bytes.fromhex("8100 ffff 1234 0001") + b"0123456789abcdef")


@pytest.mark.parametrize(
    "message",
    [
        REQUEST,
        REPLY[:-1],
        REPLY[:7],
        b"",
        REPLY[:-1] + b"F",  # the checksum is wrong
        bytes.fromhex("0000 be92 1235 0001") + b"0123456789abcdef",  # of another ping
        bytes.fromhex("0000 beb3 1234 0001") + b"0123456789abcdeF",
        bytes.fromhex("0000 be92 1234 0002") + b"0123456789abcdef",
    ],
)
def test_other_messages_are_not_the_reply(message: bytes) -> None:
    assert not V4.is_answered_by(HEADER + message)


@pytest.mark.parametrize("packet", [b"", b"\x45", b"\x4f" + bytes(19), HEADER, b"\xff" * 60])
def test_any_octets_are_read_without_raising(packet: bytes) -> None:
    assert not V4.is_answered_by(packet)
    assert not V6.is_answered_by(packet)


def test_an_error_may_quote_eight_octets_or_more() -> None:
    assert V4.is_quoted_in(REQUEST[:8])
    assert V4.is_quoted_in(REQUEST)
    assert not V4.is_quoted_in(REQUEST[:7])
    assert not V4.is_quoted_in(REPLY)
    assert not V4.is_quoted_in(struct.pack("!BBHHH", 8, 0, 0, 0x9999, 1))


@pytest.mark.parametrize(
    ("family", "kind", "code", "words"),
    [
        (Family.IPV4, 3, 0, "network unreachable"),
        (Family.IPV4, 3, 1, "host unreachable"),
        (Family.IPV4, 3, 13, "communication prohibited"),
        (Family.IPV4, 11, 0, "time to live exceeded"),
        (Family.IPV4, 4, 0, ""),  # a reply may follow a source quench
        (Family.IPV4, 5, 1, ""),
        (Family.IPV6, 1, 0, "no route"),
        (Family.IPV6, 1, 3, "host unreachable"),
        (Family.IPV6, 3, 0, "hop limit exceeded"),
        (Family.IPV6, 2, 0, ""),
    ],
)
def test_an_error_gives_a_reason_if_no_reply_can_follow(
    family: Family, kind: int, code: int, words: str
) -> None:
    assert error_in_words(family, kind, code) == words
