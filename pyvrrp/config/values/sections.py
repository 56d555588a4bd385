"""Read tables key by key: values, defaults, problems, unknown keys."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, TypeVar

from pyvrrp.config.values.foreign_keys import KEEPALIVED_KEYS
from pyvrrp.config.values.scalars import NAME, Parser, WrongValueError, shown, table, wrong
from pyvrrp.config.values.toml import BARE_KEY
from pyvrrp.errors import Problem

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_COMPARED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key of a table.

    *parse* reads its value. *default* is written as in the file; None means that the default
    depends on other keys. The default of a *required* key is used only to go on and find further
    problems if the key is missing.
    """

    name: str
    parse: Parser[T_co]
    default: object = None
    required: bool = False


def path_key(key: str) -> str:
    """Return *key* for the path of a problem: short, and in quotes if TOML needs them."""
    return key if BARE_KEY.fullmatch(key) and len(key) <= _COMPARED_CHARACTERS else shown(key)


def path_with_name(label: str, table: object) -> str:
    """Return *label*, followed by the name that the table has if it can be a name."""
    name = table.get("name") if isinstance(table, Mapping) else None
    return f'{label} "{name}"' if isinstance(name, str) and NAME.fullmatch(name) else label


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown *word*.

    It suggests the word of *known* that is most similar, or lists them all.
    """
    words = sorted(known)
    close = get_close_matches(word[:_COMPARED_CHARACTERS], words, n=1)
    if close:
        return f", did you mean {shown(close[0])}?"
    return f"; allowed are {', '.join(words)}" if words else ""


def _present(value: object) -> object:
    # TOML has no null, but documents from other sources do, and parsers take None for "missing".
    if value is None:
        raise wrong("has no value")
    return value


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the document. What is wrong in it is added to *problems*.

    *prefix* is the path of the table with a dot at the end: ``check.web.``. *files* has the file
    of each key of a document that was merged from several.
    """

    table: Mapping[str, object]
    prefix: str
    problems: list[Problem]
    files: Mapping[str, str] = field(default_factory=dict)
    _wrong: set[str] = field(default_factory=set)

    def read(self, key: Key[T]) -> T:
        """Return the value of *key*, or its default if it is missing or wrong.

        A wrong value is reported, and so is a required key that is missing.
        """
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
        """Return whether the table has *key*."""
        return key.name in self.table

    def good(self, *keys: Key[object]) -> bool:
        """Return whether no problem was found in *keys* so far."""
        return self._wrong.isdisjoint(key.name for key in keys)

    def refuse(self, key: Key[object], what: str, *, inside: str = "") -> None:
        """Report that the value of *key* is wrong; *inside* is the path inside the value."""
        self._wrong.add(key.name)
        self.problems.append(Problem(f"{self.where(key.name)}{inside}", what))

    def refuse_whole(self, what: str) -> None:
        """Report that the table as a whole is wrong."""
        self.problems.append(Problem(self.prefix.removesuffix("."), what))

    def report(self, path: str, error: WrongValueError) -> None:
        """Report the problems of *error*, which was raised for the value at *path*."""
        self.problems.extend(error.at(path))

    def refuse_unknown(self, known: Iterable[Key[object]]) -> None:
        """Report every key of the table that is not one of *known*."""
        names = {key.name for key in known}
        for key in self.table:
            if key not in names:
                ours = KEEPALIVED_KEYS.get(key)
                what = f"unknown key{suggestion(key, names)}"
                if ours is not None:
                    what = f"is a name of keepalived; write {ours}"
                self.problems.append(Problem(self.where(key), what))

    def where(self, key: str) -> str:
        """Return the path of *key*."""
        return f"{self.files.get(key, '')}{self.prefix}{path_key(key)}"


def table_of(keys: Iterable[Key[object]], read: Callable[[Section], T]) -> Parser[T]:
    """Return a parser of tables that have *keys*. *read* makes the result from such a table."""

    def parse(value: object) -> T:
        section = Section(table(value), ".", [])
        section.refuse_unknown(keys)
        result = read(section)
        if section.problems:
            raise WrongValueError(*section.problems)
        return result

    return parse


def each_entry(value: object, parse: Callable[[str, object], T]) -> tuple[T, ...]:
    """Return what *parse* returns for each key and value of a table.

    Raise WrongValueError with the problems of all entries that *parse* refuses.
    """
    parsed: list[T] = []
    problems: list[Problem] = []
    for key, inner in table(value).items():
        try:
            parsed.append(parse(key, inner))
        except WrongValueError as error:
            problems += error.at(f".{path_key(key)}")
    if problems:
        raise WrongValueError(*problems)
    return tuple(parsed)
