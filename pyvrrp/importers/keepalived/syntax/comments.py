"""Remove comments, and split a line at its braces."""

import re
from collections.abc import Iterator

_SPECIAL = re.compile(r'[!#"\\]')
_BRACE_OR_QUOTE = re.compile(r'[{}"]')
_COMMENT = "!#"


def without_comment(line: str) -> str:
    """Return *line* without its comment and the blanks around it.

    A comment begins with ``#`` or ``!`` anywhere outside double quotes. A backslash before one of
    them makes it an ordinary character. A backslash at the end of the line stays.
    """
    text = line.strip(" \t\r\n")
    parts: list[str] = []
    quoted, at = False, 0
    for match in _SPECIAL.finditer(text):
        if match.start() < at:
            continue
        character = match[0]
        if character == '"':
            quoted = not quoted
        elif character == "\\":
            following = text[match.end() : match.end() + 1]
            if not quoted and following and following in _COMMENT:
                parts.append(text[at : match.start()])
                at = match.end()
                parts.append(following)
            elif following:
                parts.append(text[at : match.end() + 1])
            else:
                continue
            at = match.end() + 1
        elif not quoted:
            parts.append(text[at : match.start()])
            return "".join(parts).rstrip(" \t")
    parts.append(text[at:])
    joined = "".join(parts)
    if joined.endswith("\\") and len(joined) > 1:
        return joined[:-1].rstrip(" \t") + "\\"
    return joined.rstrip(" \t")


def pieces(text: str) -> Iterator[str]:
    """Yield *text* in pieces: a brace outside double quotes is a piece of its own."""
    begin, quoted = 0, False
    for match in _BRACE_OR_QUOTE.finditer(text):
        if match[0] == '"':
            quoted = not quoted
        elif not quoted:
            before = text[begin : match.start()].strip(" \t")
            if before:
                yield before
            yield match[0]
            begin = match.end()
    rest = text[begin:].strip(" \t")
    if rest:
        yield rest
