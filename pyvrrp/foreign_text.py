"""Make text safe that somebody else wrote: a server, a program, a peer, a file, the environment.

Such text may contain sequences that control a terminal, characters that change the direction of
writing, line ends that fake a line of a log, a zero, or a megabyte of anything. The functions here
are called where the text enters. All other code can rely on what it gets.
"""

from collections.abc import Iterable

LONGEST_SENTENCE = 500  # characters of a whole reason
LONGEST_OUTPUT = 16_384  # characters of what a program has written
LONGEST_REASON = 160  # characters of foreign text in a sentence of pyvrrp
LONGEST_VARIABLE = 32_768  # octets; the kernel allows 131,072 for one variable of a program
_DOTS = "..."


def escaped(words: str) -> str:
    """Return *words* with all characters escaped that could control a terminal."""
    if words.isprintable():
        return words
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in words
    )


def printable(text: str, longest: int = LONGEST_REASON) -> str:
    """Return *text* on one line, escaped, with at most *longest* characters and dots after them."""
    if len(text) <= longest and text.isprintable():
        return text
    clean = escaped(text[: longest + 1])
    return clean if len(clean) <= longest else f"{clean[:longest]}{_DOTS}"


def printable_lines(text: str, longest: int = LONGEST_OUTPUT) -> str:
    """Return the end of *text*, at most *longest* characters: lines stay, all else is escaped."""
    lines = text[-longest:].replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "\n".join(map(escaped, lines))[-longest:]


def environment(variables: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return *variables* as an environment that a program can always be started with.

    A zero or half of a surrogate pair makes the start impossible, and so does a variable that is
    too long. Both are escaped, and what is too long is cut. The variables of pyvrrp are on one line
    and printable. A parameter of an agent may have several lines.
    """
    return {name: _variable(name, value) for name, value in variables}


def _variable(name: str, value: str) -> str:
    clean = escaped(value) if name.startswith("PYVRRP_") else value.replace("\0", r"\x00")
    octets = clean.encode(errors="backslashreplace")
    return octets[:LONGEST_VARIABLE].decode(errors="ignore")
