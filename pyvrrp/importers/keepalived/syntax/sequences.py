"""Lines that are written once and stand for many: ``~SEQ(...)`` and ``~LST(...)``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = re.compile(r"~(SEQx|SEQ|LST)[ \t]*\(")
_GROUP = re.compile(r"\s*(?:\{([^{}]*)\}|([^,{}]*))\s*(?:,|$)")
_NUMBER = re.compile(r"[+-]?(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,9})")
MOST_VALUES = 100_000
_FORMS = (1, 2, 3)


class SequenceError(ValueError):
    """A ``~SEQ`` or ``~LST`` cannot be read."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """The variables, the values that they get one after the other, and the rest of the line."""

    variables: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    rest: str


def is_sequence(line: str) -> bool:
    """Return whether *line* begins with ``~SEQ`` or ``~LST``."""
    return line.startswith(("~SEQ", "~LST"))


def sequence(line: str) -> Sequence:
    """Return what *line* stands for. Raise SequenceError."""
    start = _START.match(line)
    end = line.find(")")
    if start is None or end < 0:
        raise SequenceError("must be written ~SEQ(name, start, step, end) or ~LST(name, ...)")
    inside, rest = line[start.end() : end], line[end + 1 :].strip(" \t")
    groups = list(_groups(inside))
    if len(groups) < 2 or not all(groups[0]):  # noqa: PLR2004 - a name and a value
        raise SequenceError("needs a variable and values")
    if start[1] == "LST":
        names, *values = groups
        if any(len(value) != len(names) for value in values):
            raise SequenceError(f"needs {len(names)} values for each line")
        return Sequence(names, tuple(values), rest)
    shown = "{:x}" if start[1] == "SEQx" else "{:d}"
    numbers = _range([group[0] for group in groups[1:]], hexadecimal=start[1] == "SEQx")
    return Sequence(groups[0], tuple((shown.format(number),) for number in numbers), rest)


def _groups(inside: str) -> Iterator[tuple[str, ...]]:
    at = 0
    while at < len(inside):
        match = _GROUP.match(inside, at)
        if match is None or match.end() == at:
            raise SequenceError("has unbalanced braces")
        at = match.end()
        if match[1] is not None:
            yield tuple(word.strip() for word in match[1].split(","))
        else:
            yield (match[2].strip(),)


def _range(words: list[str], *, hexadecimal: bool) -> range:
    if len(words) not in _FORMS or not all(_NUMBER.fullmatch(word) for word in words):
        raise SequenceError("needs one to three whole numbers")
    numbers = [_number(word) for word in words]
    match numbers:
        case [last]:
            step = -1 if last < 1 else 1
            first = -1 if last < 0 else 1
        case [first, last]:
            step = 1 if first <= last else -1
        case _:
            first, step, last = numbers
    if step == 0 or (first < last and step < 0) or (first > last and step > 0):
        raise SequenceError("never reaches its end")
    if hexadecimal and min(first, last) < 0:
        raise SequenceError("cannot write negative numbers in hexadecimal")
    counted = range(first, last + (1 if step > 0 else -1), step)
    if len(counted) > MOST_VALUES:
        raise SequenceError(f"has more than {MOST_VALUES} values")
    return counted


def _number(word: str) -> int:
    if word.lstrip("+-").lower().startswith("0x"):
        return int(word, 16)
    digits = word.lstrip("+-")
    octal = len(digits) > 1 and digits.startswith("0") and set(digits) <= set("01234567")
    return int(word, 8 if octal else 10)
