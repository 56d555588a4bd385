"""What became of each line of Heartbeat's files, for whoever has to trust the translation."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What became of one thing that a file said."""

    TRANSLATED = "translated"
    APPROXIMATED = "approximated"  # something near it, which behaves differently in a way told
    DROPPED = "dropped"  # it did something that pyvrrp does not do, or not because of this file
    IGNORED = "ignored"  # it decided nothing about who serves
    WRONG = "wrong"  # it cannot be read, or cannot be had: there is no configuration


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; line 0 is the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the report."""

    place: Place
    fate: Fate
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.fate}: {self.what}"


@dataclass(slots=True)
class Report:
    """All of it, in the order of the files."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, place: Place, fate: Fate, what: str) -> None:
        """Note what became of something."""
        self.entries.append(Entry(place, fate, what))

    def sort(self, *files: str) -> None:
        """Put the entries in the order of *files* and their lines, what is about a whole last."""
        self.entries.sort(key=lambda entry: (files.index(entry.place.file), *_line(entry.place)))

    def has(self, fate: Fate) -> bool:
        """Tell whether that happened to anything."""
        return any(entry.fate is fate for entry in self.entries)


def _line(place: Place) -> tuple[bool, int]:
    return place.line == 0, place.line
