"""Read capture files; wrong ones are refused with the offset."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.cli.captures.capture_files import CapturedPacket, CaptureError, read_packets
from pyvrrp.units import Nanoseconds
from tests.cli.captures import FRAME_E, SECONDS, block, enhanced, interface, pcap, section


def captured(time: int, data: bytes) -> CapturedPacket:
    return CapturedPacket(Nanoseconds(time), 1, data)


def packets(data: bytes) -> list[CapturedPacket]:
    return list(read_packets(io.BytesIO(data), "x.pcap"))


def error_of(data: bytes) -> str:
    with pytest.raises(CaptureError) as caught:
        packets(data)
    return str(caught.value)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_pcap_is_read_in_both_byte_orders_and_resolutions(order: str, nanoseconds: bool) -> None:
    data = pcap(b"abc", b"", order=order, nanoseconds=nanoseconds)
    assert packets(data) == [
        captured(1_700_000_000_250_000_000, b"abc"),
        captured(1_700_000_001_250_000_000, b""),
    ]


def test_the_upper_half_of_the_link_type_field_is_ignored() -> None:
    assert packets(pcap(b"abc", link_type=0x14000001))[0].link_type == 1


def test_a_pcap_without_packets_is_read() -> None:
    assert packets(pcap()) == []


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_is_read_in_both_byte_orders(order: str) -> None:
    data = section(order) + interface(order) + enhanced(b"abc", SECONDS * 10**6 + 5, order)
    assert packets(data) == [captured(1_700_000_000_000_005_000, b"abc")]


def test_sections_of_one_file_may_have_different_byte_orders() -> None:
    first = section("<") + interface("<", 1) + enhanced(b"a", 0, "<")
    second = section(">") + interface(">", 113) + enhanced(b"b", 0, ">")
    assert [(p.link_type, p.data) for p in packets(first + second)] == [(1, b"a"), (113, b"b")]


def test_each_interface_of_a_pcapng_has_its_own_link_type() -> None:
    data = section() + interface(link_type=1) + interface(link_type=101)
    data += enhanced(b"raw", 0, number=1) + enhanced(b"eth", 0, number=0)
    assert [(p.link_type, p.data) for p in packets(data)] == [(101, b"raw"), (1, b"eth")]


@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [(9, 1_500, 1_500), (3, 1_500, 1_500_000_000), (0x8A, 512, 500_000_000), (0, 7, 7 * 10**9)],
)
def test_the_resolution_of_a_pcapng_interface_is_used(
    resolution: int, ticks: int, time: int
) -> None:
    options = struct.pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    data = section() + interface(options=options) + enhanced(b"", ticks)
    assert packets(data)[0].time == time


def test_the_time_offset_of_a_pcapng_interface_is_added() -> None:
    options = struct.pack("<HHq", 14, 8, 1_000)
    data = section() + interface(options=options) + enhanced(b"", 1)
    assert packets(data)[0].time == 1_000_000_001_000


def test_a_simple_packet_has_no_time_and_ends_at_the_snap_length() -> None:
    simple = block(3, struct.pack("<I", 9) + b"abcd")
    data = section() + interface(snap=4) + simple
    assert packets(data) == [CapturedPacket(None, 1, b"abcd")]


def test_the_obsolete_packet_block_is_read() -> None:
    obsolete = block(2, struct.pack("<HHIIII", 0, 0, 0, 1, 3, 3) + b"abc")
    assert packets(section() + interface() + obsolete) == [captured(1_000, b"abc")]


def test_blocks_of_other_kinds_are_skipped() -> None:
    data = section() + block(5, b"statistics..") + interface() + block(0x80000001, b"")
    assert [p.data for p in packets(data + enhanced(b"abc", 0))] == [b"abc"]


def test_an_empty_file_is_refused() -> None:
    assert error_of(b"") == "x.pcap: offset 0: the file is empty"


def test_a_file_of_another_kind_is_refused_with_its_first_octets() -> None:
    wanted = "x.pcap: offset 0: not pcap or pcapng: the file begins with 1f 8b 08 00"
    assert error_of(b"\x1f\x8b\x08\x00rest") == wanted


def test_a_pcap_that_is_cut_in_a_packet_is_refused_with_the_offset_of_the_packet() -> None:
    wanted = "x.pcap: offset 40: the file ends 5 bytes before the end of a packet"
    assert error_of(pcap(FRAME_E)[:-5]) == wanted


def test_the_packets_before_the_error_are_returned() -> None:
    reader = read_packets(io.BytesIO(pcap(b"abc", b"def")[:-1]), "x")
    assert next(reader).data == b"abc"
    with pytest.raises(CaptureError):
        next(reader)


def test_a_pcap_that_is_cut_in_a_packet_header_is_refused() -> None:
    wanted = "x.pcap: offset 24: the file ends in the middle of a packet header"
    assert error_of(pcap(b"")[:30]) == wanted


def test_a_pcap_with_a_packet_of_four_gigabytes_is_refused() -> None:
    wrong = pcap() + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0)
    assert error_of(wrong) == "x.pcap: offset 24: a packet of 4294967295 bytes is impossible"


def test_an_unknown_version_of_pcap_is_refused() -> None:
    data = bytearray(pcap())
    data[4] = 3
    assert error_of(bytes(data)) == "x.pcap: offset 4: pcap version 3.4, only 2.x can be read"


@pytest.mark.parametrize("length", [0, 4, 8, 13, 0xFFFFFFFC])
def test_a_pcapng_block_of_an_impossible_length_is_refused(length: int) -> None:
    data = section() + struct.pack("<II", 6, length) + bytes(32)
    assert error_of(data) == f"x.pcap: offset 28: a block of {length} bytes is impossible"


def test_a_pcapng_block_whose_two_lengths_differ_is_refused() -> None:
    data = section() + interface()[:-4] + struct.pack("<I", 24)
    assert error_of(data) == ("x.pcap: offset 28: a block of 20 bytes has the length 24 at its end")


def test_a_packet_longer_than_its_block_is_refused() -> None:
    wrong = block(6, struct.pack("<IIIII", 0, 0, 0, 40, 40) + b"abcd")
    wanted = "x.pcap: offset 48: a packet of 40 bytes does not fit into its block"
    assert error_of(section() + interface() + wrong) == wanted


def test_a_packet_of_an_unknown_interface_is_refused() -> None:
    wanted = "x.pcap: offset 28: a packet of interface 0, which the file does not describe"
    assert error_of(section() + enhanced(b"abc", 0)) == wanted


def test_a_block_too_short_for_its_kind_is_refused() -> None:
    wanted = "x.pcap: offset 48: a block of 4 bytes is too short for its kind"
    assert error_of(section() + interface() + block(6, b"abcd")) == wanted


def test_an_option_longer_than_its_block_is_refused() -> None:
    data = section() + interface(options=struct.pack("<HH", 9, 999))
    wanted = "x.pcap: offset 28: an option of 999 bytes does not fit into its block"
    assert error_of(data) == wanted


def test_a_section_with_an_unknown_byte_order_is_refused() -> None:
    data = section()[:8] + b"\x00\x00\x00\x00" + section()[12:]
    assert error_of(data) == "x.pcap: offset 0: the byte order magic 00 00 00 00 is unknown"


class UnreadableStream(io.BytesIO):
    """A stream that cannot be read, as from a broken disk."""

    def read(self, _count: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_stream_that_fails_raises_a_capture_error() -> None:
    with pytest.raises(CaptureError, match="x: offset 0: cannot be read: Input/output error"):
        list(read_packets(UnreadableStream(), "x"))


# Files with random errors test more of the code than random octets.
WHOLE_FILES = (
    pcap(FRAME_E, FRAME_E),
    pcap(FRAME_E, order=">", nanoseconds=True),
    section() + interface() + enhanced(FRAME_E, 1),
    section(">") + interface(">") + enhanced(FRAME_E, 1, ">"),
)


@given(
    st.sampled_from((b"", *(whole[:4] for whole in WHOLE_FILES), *WHOLE_FILES)),
    st.integers(min_value=0),
    st.binary(max_size=64),
)
def test_any_octets_give_packets_or_a_capture_error(whole: bytes, at: int, noise: bytes) -> None:
    at %= len(whole) + 1
    assert_read_or_refused(whole[:at] + noise + whole[at + len(noise) :])


@pytest.mark.parametrize("whole", WHOLE_FILES)
def test_a_file_that_ends_at_any_offset_gives_packets_or_a_capture_error(whole: bytes) -> None:
    for end in range(len(whole)):
        assert_read_or_refused(whole[:end])


def assert_read_or_refused(data: bytes) -> None:
    found: list[CapturedPacket] = []
    refusal = "x.pcap: offset "
    try:
        found = packets(data)
    except CaptureError as error:
        refusal = str(error)
    assert refusal.startswith("x.pcap: offset ")
    assert sum(len(packet.data) for packet in found) <= len(data)
