"""Read a keepalived.conf to lines without comments, conditions, variables and includes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyvrrp.errors import ConfigurationError
from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.keepalived.syntax.comments import without_comment
from pyvrrp.importers.keepalived.syntax.definitions import (
    Definitions,
    ExpansionError,
    definition,
    undefined,
)
from pyvrrp.importers.keepalived.syntax.sequences import SequenceError, is_sequence, sequence
from pyvrrp.importers.keepalived.syntax.surroundings import FileSurroundings

_CONDITION = re.compile(r"@(\^?)([^ \t]*)[ \t]*(.*)", re.DOTALL)
_INCLUDE = re.compile(r"(include[rmwba]?)[ \t]+\"?([^\"]+?)\"?")
_GLOB = re.compile(r"[*?\[{]")
_DEEPEST_INCLUDE = 20
_DEEPEST_SEQUENCE = 8
_MOST_LINES = 200_000
_MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One line after all replacements, and where it is from."""

    text: str
    source: SourceLine


@dataclass(slots=True)
class LineReader:
    """Yields the lines of a file and of those that it includes. It reports what it takes out.

    *identifier* is what ``@ID`` is compared with.
    """

    surroundings: FileSurroundings
    report: Report
    identifier: str
    definitions: Definitions = field(init=False)
    _open: list[str] = field(default_factory=list)
    _count: int = 0
    _files: int = 0
    _too_many: bool = False

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.surroundings, self.identifier, "")

    def lines(self, text: str, file: str) -> Iterator[Line]:
        """Yield the lines of *text*, the content of *file*."""
        if file in self._open or len(self._open) >= _DEEPEST_INCLUDE:
            self._refuse(SourceLine(file, 0), "include", "includes itself, or too deeply")
            return
        self._files += 1
        if self._files > _MOST_FILES:
            self._refuse(SourceLine(file, 0), "include", f"comes after {_MOST_FILES} files")
            return
        self._open.append(file)
        before, self.definitions.directory = self.definitions.directory, _directory(file)
        name, collected = "", list[str]()
        for number, raw in enumerate(text.split("\n"), start=1):
            source = SourceLine(file, number)
            line = without_comment(raw)
            if name:
                collected += [line.removesuffix("\\").rstrip(" \t")]
                if not line.endswith("\\"):
                    self.definitions.define(name, *filter(None, collected))
                    name = ""
                if line:
                    self.report.add(source, Fate.IMPORTED, "a line of a definition")
                continue
            applies = self._condition(line, source)
            defined = definition(applies) if applies.startswith("$") else None
            if defined is not None:
                name, value = defined
                self.report.add(source, Fate.IMPORTED, f"${name}: a definition")
                collected = [value.removesuffix("\\").rstrip(" \t")]
                if not value.endswith("\\"):
                    self.definitions.define(name, value)
                    name = ""
                continue
            yield from self._replaced(applies, source, 0)
        if name:
            self.definitions.define(name, *filter(None, collected))
        self._open.pop()
        self.definitions.directory = before

    def _condition(self, line: str, source: SourceLine) -> str:
        """Return *line* without its condition; empty if the condition does not hold."""
        while line.startswith("@") and (match := _CONDITION.fullmatch(line)):
            reverse, wanted, rest = match.groups()
            if not rest or (wanted == self.identifier) == bool(reverse):
                what = f"@{reverse}{wanted}: is not for {self.identifier}"
                self.report.add(source, Fate.IGNORED, what)
                return ""
            line = rest
        return line

    def _replaced(self, line: str, source: SourceLine, depth: int) -> Iterator[Line]:
        if not line or self._is_too_long(source):
            return
        if is_sequence(line):
            yield from self._sequence(line, source, depth)
            return
        include = _INCLUDE.fullmatch(line)
        if include is not None:
            yield from self._include(include[1], include[2], source)
            return
        try:
            expanded = self.definitions.expanded(line)
        except ExpansionError as error:
            self._refuse(source, line.split(maxsplit=1)[0], str(error))
            return
        if expanded == [line]:
            if "$" in line and (missing := undefined(line)):
                self._refuse(source, missing, "is not defined")
                return
            yield Line(line, source)
            return
        if depth > _DEEPEST_INCLUDE:
            self._refuse(source, line.split(maxsplit=1)[0], "has variables that contain each other")
            return
        for part in expanded:
            applies = self._condition(part.strip(" \t"), source)
            defined = definition(applies) if applies.startswith("$") else None
            if defined is not None:
                self.definitions.define(*defined)
            else:
                yield from self._replaced(applies, source, depth + 1)

    def _sequence(self, line: str, source: SourceLine, depth: int) -> Iterator[Line]:
        try:
            if depth > _DEEPEST_SEQUENCE:
                raise SequenceError("is nested too deeply")  # noqa: TRY301 - reported alike
            end = line.find(")") + 1
            head = self.definitions.expanded(line[:end])
            found = sequence(" ".join((*head, line[end:])))
        except (SequenceError, ExpansionError) as error:
            self._refuse(source, line[:4], str(error))
            return
        for values in found.values:
            for name, value in zip(found.variables, values, strict=True):
                self.definitions.define(name, value)
            yield from self._replaced(found.rest, source, depth + 1)
            if self._too_many:
                return

    def _include(self, keyword: str, pattern: str, source: SourceLine) -> Iterator[Line]:
        directory = _directory(source.file)
        path = pattern if pattern.startswith("/") or not directory else f"{directory}/{pattern}"
        files = [file for file in self.surroundings.matching(path) if not file.endswith("/")]
        if not files:
            strict = keyword in {"includem", "includea"} or (
                keyword in {"includew", "includer"} and not _GLOB.search(pattern)
            )
            fate = Fate.REFUSED if strict else Fate.IGNORED
            self.report.add(source, fate, f"{keyword}: no file matches {pattern}")
            return
        self.report.add(source, Fate.IMPORTED, f"{keyword}: {', '.join(files)}")
        for file in files:
            try:
                text = self.surroundings.text(file)
            except ConfigurationError as error:
                what = "; ".join(problem.what for problem in error.problems)
                self._refuse(source, keyword, f"{file} {what}")
                continue
            yield from self.lines(text, file)

    def _is_too_long(self, source: SourceLine) -> bool:
        self._count += 1
        if self._count > _MOST_LINES and not self._too_many:
            self._too_many = True
            self._refuse(source, "line", f"comes after {_MOST_LINES} lines, which is the limit")
        return self._too_many

    def _refuse(self, source: SourceLine, keyword: str, what: str) -> None:
        self.report.add(source, Fate.REFUSED, f"{keyword}: {what}")


def _directory(file: str) -> str:
    return file.rpartition("/")[0] or ("/" if file.startswith("/") else "")
