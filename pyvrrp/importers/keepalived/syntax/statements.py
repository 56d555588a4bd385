"""Make statements and blocks of the lines of a keepalived.conf."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.importers.keepalived.syntax.comments import pieces
from pyvrrp.importers.keepalived.syntax.lines import Line
from pyvrrp.importers.keepalived.syntax.words import UnreadableTextError, words

_DEEPEST = 50


@dataclass(slots=True)
class Statement:
    """One statement: its words, the text that they are from, and the block after it.

    ``block`` is None if no brace follows.
    """

    words: list[str]
    text: str
    source: SourceLine
    block: "list[Statement] | None" = None

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def values(self) -> list[str]:
        """The words after the first."""
        return self.words[1:]


@dataclass(slots=True)
class _Stack:
    report: Report
    blocks: list[list[Statement]] = field(default_factory=lambda: [[]])
    last: SourceLine = field(default_factory=lambda: SourceLine("", 0))

    def open(self, source: SourceLine) -> None:
        current = self.blocks[-1]
        if not current or current[-1].block is not None or len(self.blocks) > _DEEPEST:
            self.report.add(source, Fate.REFUSED, "{: has no keyword before it")
            current.append(Statement([""], "", source))
        current[-1].block = []
        self.blocks.append(current[-1].block)

    def close(self, source: SourceLine) -> None:
        if len(self.blocks) == 1:
            self.report.add(source, Fate.REFUSED, "}: there is no block to end")
        else:
            self.blocks.pop()


def statements(lines: Iterable[Line], report: Report) -> list[Statement]:
    """Return the statements of a file. Braces that do not match are reported."""
    stack = _Stack(report)
    for line in lines:
        stack.last = line.source
        for piece in pieces(line.text):
            if piece == "{":
                stack.open(line.source)
            elif piece == "}":
                stack.close(line.source)
            else:
                _add(stack, piece, line.source)
    if len(stack.blocks) > 1:
        report.add(stack.last, Fate.REFUSED, f"}}: {len(stack.blocks) - 1} missing at the end")
    return stack.blocks[0]


def _add(stack: _Stack, piece: str, source: SourceLine) -> None:
    try:
        found = words(piece)
    except UnreadableTextError as error:
        stack.report.add(source, Fate.REFUSED, f"{piece.split(maxsplit=1)[0]}: {error}")
        # The words are kept so far that a block after them has a keyword.
        found = piece.replace('"', " ").split()
    if found:
        stack.blocks[-1].append(Statement(found, piece, source))
