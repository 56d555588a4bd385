"""The command ``pyvrrp decode``: output and exit status."""

import argparse
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyvrrp.cli.captures import decode
from tests.cli.captures import (
    ARP_FRAME,
    FRAME_E,
    JSON_E,
    MACS,
    PACKET_E,
    PACKET_K,
    UDP_FRAME,
    enhanced,
    interface,
    pcap,
    section,
)

FRAME_K = MACS + b"\x86\xdd" + PACKET_K
FRAME_BROKEN = FRAME_E[:-1] + b"\xff"
VECTOR_E = "31016401 0064a79a c00002fe"
VECTOR_K = "31016402:00643b87:fe80000000000000:0000000000000254:20010db800000000:0000000000000254"


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    decode.register(parser.add_subparsers())
    args = parser.parse_args(["decode", *arguments])
    status = args.func(args)
    assert isinstance(status, int)
    return status


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "x.pcap"


def test_each_advertisement_is_one_json_object_on_a_line(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(FRAME_E, FRAME_K))
    assert command("--json", str(capture)) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == JSON_E
    assert second["addresses"] == ["fe80::254", "2001:db8::254"]


def test_other_packets_are_skipped_and_counted_on_standard_error(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(ARP_FRAME, FRAME_E, UDP_FRAME))
    assert command("--json", str(capture)) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert printed.err == "advertisements: 1, invalid: 0, other packets skipped: 2\n"


def test_an_invalid_advertisement_is_printed_and_the_exit_status_is_1(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(FRAME_E, FRAME_BROKEN))
    assert command(str(capture)) == 1
    printed = capsys.readouterr()
    assert "\n    INVALID checksum_errors: checksum 0xa79a, must be " in printed.out
    assert printed.err == "advertisements: 2, invalid: 1\n"


def test_the_packets_before_an_error_in_the_file_are_printed_and_the_offset_is_named(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(FRAME_E, FRAME_E)[:-1])
    assert command(str(capture)) == 2
    printed = capsys.readouterr()
    assert printed.out.count("VRID 1") == 1
    assert printed.err.startswith(
        f"pyvrrp decode: {capture}: offset 102: the file ends 1 bytes before the end of a packet\n"
    )


def test_the_exit_status_for_a_missing_file_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("/nowhere/x.pcap") == 2
    wanted = "pyvrrp decode: /nowhere/x.pcap: cannot be opened: No such file or directory\n"
    assert capsys.readouterr().err.startswith(wanted)


def test_a_capture_of_an_unknown_link_type_is_refused_with_the_link_type(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(b"radio", link_type=105))
    assert command(str(capture)) == 2
    assert "link type 105: must be Ethernet, Linux cooked" in capsys.readouterr().err


def test_packets_of_an_unknown_link_type_among_others_are_counted(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = interface(link_type=105) + interface(link_type=1)
    packets = enhanced(b"radio", 1) + enhanced(FRAME_E, 2, number=1)
    capture.write_bytes(section() + links + packets)
    assert command(str(capture)) == 0
    wanted = "advertisements: 1, invalid: 0, packets of the unreadable link type 105 skipped: 1\n"
    assert capsys.readouterr().err == wanted


class StandardInput:
    """Replaces sys.stdin."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_a_dash_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StandardInput(pcap(FRAME_E)))
    assert command("-", "--json") == 0
    assert json.loads(capsys.readouterr().out)["vrid"] == 1


def test_the_default_destination_of_a_hex_string_is_the_group(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("--hex", VECTOR_E, "--source", "192.0.2.1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["time"], found["destination"], found["checksum"]) == (
        None,
        "224.0.0.18",
        "rfc9568",
    )


def test_a_hex_string_may_have_colons_and_be_ipv6(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--hex", VECTOR_K, "--source", "fe80::1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["checksum"] == "ok"


def test_the_checksum_of_a_hex_string_depends_on_its_destination() -> None:
    arguments = ("--hex", VECTOR_K, "--source", "fe80::1", "--destination")
    assert command(*arguments, "ff02::12") == 0
    assert command(*arguments, "fe80::2") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give either a FILE (- for standard input) or --hex"),
        (("x", "--hex", "31"), "give either a FILE (- for standard input) or --hex"),
        (("--hex", VECTOR_E), "--hex needs --source, because the family and the checksum"),
        (
            ("x", "--source", "192.0.2.1"),
            "--source and --destination have a meaning with --hex only",
        ),
        (("--hex", "3", "--source", "192.0.2.1"), "--hex: "),
        (("--hex", "00" * 65_516, "--source", "::1"), "--hex: 65516 octets do not fit"),
        (
            ("--hex", VECTOR_E, "--source", "192.0.2.1", "--destination", "::1"),
            "--destination: 192.0.2.1 cannot send to ::1",
        ),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*arguments) == 2
    assert capsys.readouterr().err.startswith(f"pyvrrp decode: {complaint}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(frame=st.binary(max_size=120))
def test_any_frame_in_a_file_gives_an_exit_status(frame: bytes, capture: Path) -> None:
    capture.write_bytes(pcap(frame, FRAME_E[:14] + frame))
    assert command(str(capture)) in {0, 1}


FORMATS = ["pcap", "pcapng", "nsecpcap"]


@pytest.mark.interop
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_editcap_converted_gives_the_same_output(
    form: str, capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(pcap(FRAME_E, ARP_FRAME, FRAME_K))
    converted = capture.with_suffix(f".{form}")
    wireshark("editcap", "-F", form, str(capture), str(converted))
    assert command("--json", str(capture)) == 0
    original = capsys.readouterr().out
    assert command("--json", str(converted)) == 0
    assert capsys.readouterr().out == original
    assert original.count("\n") == 2


@pytest.mark.interop
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("link_type", ["1", "101"])
def test_a_file_that_text2pcap_wrote_is_read(
    form: str, link_type: str, capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packet = FRAME_E if link_type == "1" else PACKET_E
    text = capture.with_suffix(".txt")
    text.write_text(f"000000 {packet.hex(' ')}\n")
    wireshark("text2pcap", "-q", "-F", form, "-l", link_type, str(text), str(capture))
    assert command("--json", str(capture)) == 0
    assert json.loads(capsys.readouterr().out)["addresses"] == ["192.0.2.254"]


@pytest.mark.interop
def test_tshark_reads_the_same_fields(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture.write_bytes(pcap(FRAME_E))
    fields = ("vrrp.virt_rtr_id", "vrrp.prio", "vrrp.short_adver_int", "vrrp.ip_addr")
    chosen = [part for field in fields for part in ("-e", field)]
    theirs = wireshark("tshark", "-r", str(capture), "-T", "fields", *chosen).split()
    assert command("--json", str(capture)) == 0
    ours = json.loads(capsys.readouterr().out)
    assert theirs == ["1", "100", "100", "192.0.2.254"]
    assert (ours["vrid"], ours["priority"], ours["interval_ms"]) == (1, 100, 1000)


def wireshark(program: str, *arguments: str) -> str:
    """Run a program of the packages tshark and wireshark-common and return its output."""
    path = shutil.which(program)
    assert path, f"{program} is missing: tests/run installs it"
    done = subprocess.run(
        [path, *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout
