"""Split text into words: as keepalived does for a line, and for a command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r'"([^"]*)"|([^\s"]+)|(")')
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_HEX = re.compile(r"x([0-9A-Fa-f]+)")
_OCTAL = re.compile(r"[0-7]{1,3}")
_PLAIN = re.compile(r"[^\s'\"\\]+")
_IN_QUOTES = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+")}


class UnreadableTextError(ValueError):
    """A quote or an escape has no end."""


def words(text: str) -> list[str]:
    """Return the words of a line. Double quotes keep blanks inside a word."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        if match[3]:
            raise UnreadableTextError("a quote has no end")
        found.append(match[2] if match[2] is not None else match[1])
    return found


@dataclass(slots=True)
class _Cursor:
    text: str
    at: int = 0

    def escape(self) -> str:
        """Return the character that the escape after a backslash means."""
        self.at += 1
        if self.at >= len(self.text):
            raise UnreadableTextError("a backslash at the end has no character after it")
        text, at = self.text, self.at
        if match := _HEX.match(text, at):
            self.at = match.end()
            return chr(int(match[1][-2:], 16))
        if match := _OCTAL.match(text, at):
            self.at = match.end()
            return chr(int(match[0], 8) & 0xFF)
        if text[at] == "c" and at + 1 < len(text):
            self.at += 2
            return chr(ord(text[at + 1]) & 0x1F)
        self.at += 1
        return _ESCAPES.get(text[at], text[at])


def command_words(text: str) -> list[str]:
    """Return the words of a command: single and double quotes, and escapes as in C.

    Quotes may begin inside a word. No shell is involved: ``&&``, ``|`` and ``$`` are words.
    """
    found: list[str] = []
    cursor = _Cursor(text)
    while True:
        while cursor.at < len(text) and text[cursor.at].isspace():
            cursor.at += 1
        if cursor.at >= len(text):
            return found
        found.append(_word(cursor))


def _word(cursor: _Cursor) -> str:
    text = cursor.text
    parts: list[str] = []
    quote = ""
    while cursor.at < len(text):
        plain = _IN_QUOTES[quote] if quote else _PLAIN
        if match := plain.match(text, cursor.at):
            parts.append(match[0])
            cursor.at = match.end()
            continue
        character = text[cursor.at]
        if character == "\\":
            parts.append(cursor.escape())
        elif quote or character in _IN_QUOTES:
            quote = "" if quote else character
            cursor.at += 1
        else:
            break
    if quote:
        raise UnreadableTextError(f"a quote {quote} has no end")
    return "".join(parts)


def shell_words(command: Sequence[str]) -> list[str]:
    """Return the words of *command* that only a shell would give a meaning."""
    return [word for word in command[1:] if _SHELL.fullmatch(word)]


_SHELL = re.compile(r"&&?|\|\|?|;|[0-9]*>{1,2}(&[0-9])?.*|[0-9]*<.*|&>.*|\$[({A-Za-z?].*|`.*")
