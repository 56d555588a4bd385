"""Values of keywords: numbers, times and truth values, as keepalived reads them."""

import math

from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import shown, wrong
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.units import SECOND, Nanoseconds

_BOOLEANS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_LONGEST_NUMBER = 30


def only_value(statement: Statement) -> str:
    """Return the first word after the keyword. Raise WrongValueError if there is none."""
    if not statement.values:
        raise wrong("has no value")
    return statement.values[0]


def number(word: str, lowest: int, highest: int) -> int:
    """Return *word* as a whole number. Raise WrongValueError if it is not one in the range."""
    text = word.strip()
    digits = text.removeprefix("-").removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        raise wrong(f"{shown(word)} is not a whole number")
    if not lowest <= int(text) <= highest:
        raise wrong(f"must be from {lowest} to {highest}, not {shown(word)}")
    return int(text)


def time(word: str, lowest: float, highest: float) -> Nanoseconds:
    """Return *word*, a number of seconds, as a duration. Raise WrongValueError."""
    try:
        seconds = float(word) if len(word) <= _LONGEST_NUMBER and "_" not in word else math.nan
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds) or math.isinf(seconds):
        raise wrong(f"{shown(word)} is not a number of seconds")
    if not lowest <= seconds <= highest:
        raise wrong(f"must be from {lowest:g} to {highest:g} seconds, not {shown(word)}")
    return Nanoseconds(round(seconds * 1_000_000) * 1000)


def seconds(word: str, lowest: float, highest: float) -> str:
    """Return *word*, a number of seconds, as a duration is written in TOML."""
    return write_duration(time(word, lowest, highest))


def boolean(statement: Statement) -> bool:
    """Return the truth value of a keyword. Without a value it is true."""
    if not statement.values:
        return True
    if statement.values[0] not in _BOOLEANS:
        raise wrong(f"must be on, off, true, false, yes or no, not {shown(statement.values[0])}")
    return _BOOLEANS[statement.values[0]]


def whole_seconds(value: Nanoseconds) -> Nanoseconds:
    """Return *value* rounded to whole seconds, and at least one."""
    return Nanoseconds(max(1, (value + SECOND // 2) // SECOND) * SECOND)
