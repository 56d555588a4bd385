"""Keys and the tables they stand in: reading, defaults, and what to say about an unknown one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, TypeVar

from pyvrrp.config.values.scalars import NAME, Parser, WrongValueError, shown, wrong
from pyvrrp.errors import Problem

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_COMPARED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key: its name, what its value means, and the default as the file would write it.

    A default of None is decided by other keys. The default of a required key only stands in for
    it while the other problems are looked for.
    """

    name: str
    parse: Parser[T_co]
    default: object = None
    required: bool = False


def bare(key: str) -> str:
    """Return *key* as a TOML path writes it."""
    return key if _BARE.fullmatch(key) else shown(key)


def labelled(label: str, table: object) -> str:
    """Return *label* with the name the table gives itself, if that is a usable name."""
    name = table.get("name") if isinstance(table, Mapping) else None
    return f'{label} "{name}"' if isinstance(name, str) and NAME.fullmatch(name) else label


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return what to say after "unknown": the nearest of *known*, or all of them."""
    words = sorted(known)
    close = get_close_matches(word[:_COMPARED_CHARACTERS], words, n=1)
    if close:
        return f", did you mean {shown(close[0])}?"
    return f"; allowed are {', '.join(words)}" if words else ""


def _present(value: object) -> object:
    # TOML has no null, but other sources of documents do, and a parser takes None for "absent".
    if value is None:
        raise wrong("has no value")
    return value


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the document, read key by key; what is wrong goes to *problems*.

    *prefix* leads to the table (``check.web.``); *files* names the file of a key, where several
    were merged.
    """

    table: Mapping[str, object]
    prefix: str
    problems: list[Problem]
    files: Mapping[str, str] = field(default_factory=dict)
    _wrong: set[str] = field(default_factory=set)

    def read(self, key: Key[T]) -> T:
        """Return what the table says for *key*, or its default; a wrong value is reported."""
        if key.name not in self.table:
            if key.required:
                self.refuse(key, "is required")
            return key.parse(key.default)
        try:
            return key.parse(_present(self.table[key.name]))
        except WrongValueError as error:
            self._wrong.add(key.name)
            self.report(self.where(key.name), error)
            return key.parse(key.default)

    def given(self, key: Key[object]) -> bool:
        """Tell whether the table says anything for *key*."""
        return key.name in self.table

    def good(self, *keys: Key[object]) -> bool:
        """Tell whether nothing wrong was found in *keys* so far."""
        return self._wrong.isdisjoint(key.name for key in keys)

    def refuse(self, key: Key[object], what: str, *, inside: str = "") -> None:
        """Report that the value of *key* (or what is *inside* it) is wrong."""
        self._wrong.add(key.name)
        self.problems.append(Problem(f"{self.where(key.name)}{inside}", what))

    def refuse_whole(self, what: str) -> None:
        """Report what is wrong with the table as a whole."""
        self.problems.append(Problem(self.prefix.removesuffix("."), what))

    def report(self, path: str, error: WrongValueError) -> None:
        """Report what is wrong with the value at *path*."""
        self.problems.extend(Problem(f"{path}{p.path}", p.what) for p in error.problems)

    def refuse_unknown(self, known: Iterable[Key[object]]) -> None:
        """Report every key of the table that is none of *known*."""
        names = {key.name for key in known}
        for key in self.table:
            if key not in names:
                what = f"unknown key{suggestion(key, names)}"
                self.problems.append(Problem(self.where(key), what))

    def where(self, key: str) -> str:
        """Return the path of *key*."""
        return f"{self.files.get(key, '')}{self.prefix}{bare(key)}"
