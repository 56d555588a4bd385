"""Parsers of single values in a configuration file.

A parser takes a value of any TOML type. It returns what the value means, or raises
WrongValueError, which says what is wrong and what is allowed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TypeAlias, TypeVar

from pyvrrp.errors import Problem, VrrpError
from pyvrrp.foreign_text import escaped
from pyvrrp.namespace_path import PID

T = TypeVar("T")
Parser: TypeAlias = Callable[[object], T]

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}\$?")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHOWN_CHARACTERS = 60
_SHOWN_NUMBER = 10**18
_LONGEST_NETNS = 255  # octets; a name is that of a file
_PROCESS = re.compile(r"pid:[1-9][0-9]{0,9}")
_LONGEST_INTERFACE = 15  # octets; IFNAMSIZ without the closing zero
_LONGEST_PATH = 4095


class WrongValueError(VrrpError):
    """A value cannot be used.

    The paths in *problems* are relative to the value: ``[2]``, ``.count``, or empty.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems

    def at(self, path: str) -> list[Problem]:
        """Return the problems of a value that is at *path*."""
        return [Problem(f"{path}{problem.path}", problem.what) for problem in self.problems]


def wrong(what: str) -> WrongValueError:
    """Return the error for a value that is wrong as a whole."""
    return WrongValueError(Problem("", what))


def shown(value: object) -> str:
    """Return *value* for a message: as in the file, but short, on one line and escaped."""
    match value:
        case str():
            cut = value[:_SHOWN_CHARACTERS].replace("\\", "\\\\").replace('"', '\\"')
            dots = "..." if len(value) > _SHOWN_CHARACTERS else ""
            return f'"{escaped(cut)}{dots}"'
        case bool():
            return "true" if value else "false"
        case int():
            # Python refuses to print numbers of thousands of digits.
            return str(value) if abs(value) < _SHOWN_NUMBER else "a huge number"
        case float():
            return repr(value)
        case Mapping():
            return "a table"
        case list() | tuple():
            return "an array"
        case date() | time() | datetime():
            return "a date or time"
        case _:
            return "nothing"


def text(value: object) -> str:
    """Return *value*, which must be a string."""
    if not isinstance(value, str):
        raise wrong(f"must be a string, not {shown(value)}")
    return value


def boolean(value: object) -> bool:
    """Return *value*, which must be true or false; 1 and "yes" are refused."""
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {shown(value)}")
    return value


def table(value: object) -> dict[str, object]:
    """Return *value*, which must be a table."""
    if not isinstance(value, Mapping):
        raise wrong(f"must be a table, not {shown(value)}")
    return {str(key): inner for key, inner in value.items()}


def integer(lowest: int, highest: int) -> Parser[int]:
    """Return a parser of whole numbers from *lowest* to *highest*."""

    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(f"must be a whole number from {lowest} to {highest}, not {shown(value)}")
        if not lowest <= value <= highest:
            raise wrong(f"must be from {lowest} to {highest}, not {shown(value)}")
        return value

    return parse


def one_of(allowed: Mapping[str, T]) -> Parser[T]:
    """Return a parser of the keys of *allowed*; it returns the value of the key."""

    def parse(value: object) -> T:
        if not isinstance(value, str) or value not in allowed:
            words = ", ".join(shown(word) for word in allowed)
            raise wrong(f"must be one of {words}, not {shown(value)}")
        return allowed[value]

    return parse


def optional(parse: Parser[T]) -> Parser[T | None]:
    """Return a parser that returns None for None, and what *parse* returns for other values.

    A key whose default depends on other keys has the default None.
    """

    def parse_if_given(value: object) -> T | None:
        return None if value is None else parse(value)

    return parse_if_given


def array_of(parse: Parser[T], what: str) -> Parser[tuple[T, ...]]:
    """Return a parser of arrays whose elements *parse* reads. It reports every wrong element.

    *what* names the elements in the message: ``names of checks``.
    """

    def parse_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise wrong(f"must be an array of {what}, not {shown(value)}")
        parsed: list[T] = []
        problems: list[Problem] = []
        for index, element in enumerate(value):
            try:
                parsed.append(parse(element))
            except WrongValueError as error:
                problems += error.at(f"[{index}]")
        if problems:
            raise WrongValueError(*problems)
        return tuple(parsed)

    return parse_all


def refuse_repeated(values: Sequence[object]) -> None:
    """Raise WrongValueError if two of *values* are equal."""
    for index, value in enumerate(values):
        if value in values[:index]:
            first = values.index(value)
            repeated = shown(value) if isinstance(value, str) else value
            raise WrongValueError(Problem(f"[{index}]", f"{repeated} is at [{first}] already"))


def user_name(value: object) -> str:
    """Return *value* as the name of a user. Whether there is one is not looked at."""
    if _USER.fullmatch(text(value)) is None:
        raise wrong(f"{shown(value)} is not a name of a user")
    return text(value)


def name(value: object) -> str:
    """Return *value* as the name of a node, a virtual router, a check or a resource."""
    if NAME.fullmatch(text(value)) is None:
        raise wrong(
            f"{shown(value)} cannot be a name; use 1 to 64 letters, digits, dots, dashes and "
            "underscores, with a letter or digit first"
        )
    return text(value)


def interface_name(value: object) -> str:
    """Return the name of a network interface. The rules are the kernel's (dev_valid_name)."""
    name = text(value)
    if not 1 <= len(name.encode(errors="replace")) <= _LONGEST_INTERFACE:
        raise wrong(f"{shown(name)} is no interface name: Linux allows 1 to 15 characters")
    if name in {".", ".."} or re.search(r"[/:\s]", name) or not name.isprintable():
        raise wrong(f"{shown(name)} is no interface name: Linux allows no space, slash or colon")
    return name


def netns_name(value: object) -> str:
    """Return which network namespace is meant: a name, an absolute path, or a process.

    Empty stands for the one of the daemon.
    """
    name = text(value)
    by_process = name.startswith(PID)
    if (
        name in {".", ".."}
        or ("/" in name and not name.startswith("/"))
        or (by_process and _PROCESS.fullmatch(name) is None)
        or not name.isprintable()
    ):
        raise wrong(
            f"{shown(name)} is no network namespace; use a name that ip netns lists, an absolute "
            'path such as "/proc/123/ns/net", or a process such as "pid:123"'
        )
    if len(name.encode(errors="replace")) > _LONGEST_NETNS:
        raise wrong(f"{shown(name)} is too long for a network namespace name")
    return name


def absolute_path(value: object) -> Path:
    """Return *value* as an absolute path. A daemon has no useful working directory."""
    if not text(value).startswith("/"):
        raise wrong(f"must be an absolute path, not {shown(value)}")
    if not text(value).isprintable() or len(text(value)) > _LONGEST_PATH:
        raise wrong(f"{shown(value)} cannot be a path")
    return Path(text(value))
