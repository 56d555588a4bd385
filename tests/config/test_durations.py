"""Durations in the configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.config.values.durations import duration, duration_from, write_duration
from pyvrrp.config.values.scalars import WrongValueError
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("1s", 1_000_000_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("40.95s", 40_950_000_000),
        ("78.125us", 78_125),
        ("5min", 300_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0s", 0),
        ("1 s", 1_000_000_000),
        ("0.000000001s", 1),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, nanoseconds: int) -> None:
    assert duration(written) == nanoseconds


@pytest.mark.parametrize(
    "written",
    ["", "s", "1", "1m", "-1s", "1S", "1e3s", ".5s", "1.s", "fast", "1s ", "१s", "1" * 13 + "s"],
)
def test_a_wrong_duration_is_refused_with_the_allowed_units(written: str) -> None:
    with pytest.raises(WrongValueError, match=r"is not a duration; write a number and a unit"):
        duration(written)


@pytest.mark.parametrize("written", [1, 0.5])
def test_a_number_without_a_unit_is_refused_with_what_to_write(written: object) -> None:
    with pytest.raises(WrongValueError, match=r'write a string with a unit, such as "1s"'):
        duration(written)


@pytest.mark.parametrize("written", [True, None, [], {}, "x"])
def test_a_value_of_another_type_is_refused(written: object) -> None:
    with pytest.raises(WrongValueError):
        duration(written)


def test_fractions_of_a_nanosecond_are_refused() -> None:
    with pytest.raises(WrongValueError, match="finer than a nanosecond"):
        duration("0.0001us")


def test_a_duration_outside_the_range_is_refused_with_the_range() -> None:
    parse = duration_from(Nanoseconds(10 * MILLISECOND), Nanoseconds(3600 * SECOND))
    assert parse("10ms") == 10_000_000
    assert parse("1h") == 3_600_000_000_000
    with pytest.raises(WrongValueError, match=r'must be from 10ms to 3600s, not "9\.9ms"'):
        parse("9.9ms")


@pytest.mark.parametrize(
    ("nanoseconds", "written"),
    [
        (0, "0s"),
        (1_000_000_000, "1s"),
        (40_950_000_000, "40.95s"),
        (10_000_000, "10ms"),
        (78_125, "78.125us"),
        (5, "0.005us"),
        (300_000_000_000, "300s"),
    ],
)
def test_a_duration_is_written_exactly(nanoseconds: int, written: str) -> None:
    assert write_duration(Nanoseconds(nanoseconds)) == written


@given(st.integers(0, 10**18))
def test_a_duration_that_was_written_is_read_as_the_same_value(nanoseconds: int) -> None:
    assert duration(write_duration(Nanoseconds(nanoseconds))) == nanoseconds
