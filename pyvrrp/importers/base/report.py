"""The report of a translation: what became of each line of the files."""

from dataclasses import dataclass, field
from enum import StrEnum

from pyvrrp.foreign_text import printable

_LONGEST = 1000  # characters


class Fate(StrEnum):
    """What became of one setting of a file.

    The files of Heartbeat can only be translated roughly, so they have words of their own.
    """

    TRANSLATED = "translated"
    APPROXIMATED = "approximated"  # translated into something that differs as the text says
    DROPPED = "dropped"  # not translated, although it had an effect
    IGNORED = "ignored"  # not translated, because it does not change which node serves
    WRONG = "wrong"  # cannot be read or translated: there is no configuration
    IMPORTED = "imported"  # keepalived.conf: means the same here
    CHANGED = "changed"  # keepalived.conf: means something else here, as the text says
    REFUSED = "refused"  # keepalived.conf: has an effect that cannot be had here


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file. *number* 0 stands for the file as a whole."""

    file: str
    number: int

    def __str__(self) -> str:
        file = printable(self.file, _LONGEST)  # a file that includes it may have any name for it
        return f"{file}:{self.number}" if self.number else file


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report: what became of something in the line *source*.

    *what* may contain words of the file: it becomes one printable line.
    """

    source: SourceLine
    fate: Fate
    what: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", printable(self.what, _LONGEST))

    def __str__(self) -> str:
        return f"{self.source}: {self.fate}: {self.what}"


@dataclass(slots=True)
class Report:
    """The lines of the report."""

    lines: list[ReportLine] = field(default_factory=list)

    def add(self, source: SourceLine, fate: Fate, what: str) -> None:
        """Add a line."""
        self.lines.append(ReportLine(source, fate, what))

    def sort(self, *files: str) -> None:
        """Sort the lines by file, in the order of *files*, and by line. Whole files come last."""
        self.lines.sort(key=lambda line: (files.index(line.source.file), *_order(line.source)))

    def has(self, fate: Fate) -> bool:
        """Return whether a line has this fate."""
        return any(line.fate is fate for line in self.lines)

    def as_values(self) -> list[dict[str, object]]:
        """Return the lines for JSON."""
        return [
            {
                "file": line.source.file,
                "line": line.source.number or None,
                "fate": str(line.fate),
                "what": line.what,
            }
            for line in self.lines
        ]


def _order(source: SourceLine) -> tuple[bool, int]:
    return source.number == 0, source.number
