"""Foreign text is made safe: short, printable, and fit for an environment."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.foreign_text import environment, escaped, printable, printable_lines
from pyvrrp.ports import CommandResult, ProbeResult, Unanswered
from tests.borders.nasty import TEXTS, is_harmless

ANY_TEXT = st.text(st.characters(), max_size=400)
any_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def test_what_is_printable_and_short_stays_as_it_is() -> None:
    assert printable("HTTP 503: wartet, 你好") == "HTTP 503: wartet, 你好"


def test_what_controls_a_terminal_is_shown_as_an_escape() -> None:
    assert escaped("a\x1b[2J\x9b\0\n\u202e\ud800") == r"a\x1b[2J\x9b\x00\n\u202e\ud800"


def test_what_is_too_long_ends_in_dots() -> None:
    assert printable("a" * 161) == "a" * 160 + "..."
    assert printable("a" * 160) == "a" * 160
    assert printable("\n" * 100, 6) == r"\n\n\n..."


@given(ANY_TEXT)
def test_any_text_becomes_a_short_line(text: str) -> None:
    assert is_harmless(printable(text), 163)


@given(ANY_TEXT)
def test_the_lines_of_an_output_stay_and_are_printable(text: str) -> None:
    clean = printable_lines(text)
    assert all(line.isprintable() for line in clean.split("\n"))
    assert clean.count("\n") == text.count("\n")


def test_only_the_end_of_a_long_output_is_kept() -> None:
    assert printable_lines("a" * 20_000 + "\nend") == "a" * 16_380 + "\nend"
    assert len(printable_lines("\x1b" * 20_000)) == 16_384


@any_text
def test_no_result_of_the_world_outside_carries_it_further(text: str) -> None:
    assert is_harmless(ProbeResult(False, text).reason)
    assert is_harmless(Unanswered(text).reason)
    result = CommandResult(None, text, text)
    assert is_harmless(result.trouble)
    assert len(result.output) <= 16_384
    assert all(line.isprintable() for line in result.output.split("\n"))


@any_text
def test_a_program_can_be_started_with_any_text_in_its_environment(text: str) -> None:
    variables = environment([("PYVRRP_REASON", text), ("OCF_RESKEY_config", text)])
    done = subprocess.run(["/usr/bin/env"], env=variables, check=True, capture_output=True)
    (reason,) = [line for line in done.stdout.split(b"\n") if line.startswith(b"PYVRRP_REASON=")]
    assert is_harmless(reason.decode(), 33_000)


def test_a_parameter_of_an_agent_may_have_lines() -> None:
    assert environment([("OCF_RESKEY_config", "a\nb")]) == {"OCF_RESKEY_config": "a\nb"}


def test_a_variable_is_cut_between_two_characters() -> None:
    value = environment([("OCF_RESKEY_config", "a" + "é" * 20_000)])["OCF_RESKEY_config"]
    assert value == "a" + "é" * 16_383
