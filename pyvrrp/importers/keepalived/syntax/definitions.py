"""The variables of a keepalived.conf: ``$NAME=value``, ``$NAME``, ``${NAME}``, ``${_ENV X}``."""

import re
from dataclasses import dataclass, field

from pyvrrp.importers.keepalived.syntax.surroundings import FileSurroundings

_DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)", re.DOTALL)
_REFERENCE = re.compile(
    r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?: +([^{}]*?))? *\}|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)/:]|$))"
)
LONGEST_LINE = 16_384  # characters of a line after all replacements
_MOST_ROUNDS = 50  # a definition may name others; this many levels


class ExpansionError(ValueError):
    """A line cannot be expanded."""


@dataclass(slots=True)
class Definitions:
    """The variables that are defined so far. A value of several lines is a tuple."""

    surroundings: FileSurroundings
    instance: str
    directory: str
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def define(self, name: str, *lines: str) -> None:
        """Set a variable."""
        self.values[name] = lines

    def expanded(self, line: str) -> list[str]:
        """Return *line* with its variables replaced: several lines if a variable has several.

        A variable that is not defined stays as it is. Raise ExpansionError if it does not end.
        """
        for _ in range(_MOST_ROUNDS):
            if "$" not in line:
                return [line]
            rest: tuple[str, ...] = ()
            last = list(_REFERENCE.finditer(line))[-1:]
            if last and last[0].end() == len(line):
                rest = self.values.get(last[0][1] or last[0][3], ())[1:]
            replaced = _REFERENCE.sub(self._value, line)
            if len(replaced) > LONGEST_LINE:
                raise ExpansionError(f"is longer than {LONGEST_LINE} characters when expanded")
            if rest:
                return [replaced, *rest]
            if replaced == line:
                return [line]
            line = replaced
        raise ExpansionError("has variables that contain each other")

    def _value(self, match: "re.Match[str]") -> str:
        name, argument = match[1] or match[3], match[2]
        if name in self.values:
            return self.values[name][0] if self.values[name] else ""
        value = self._built_in(name, argument or "")
        return match[0] if value is None else value

    def _built_in(self, name: str, argument: str) -> str | None:
        match name:
            case "_PWD":
                return self.directory
            case "_INSTANCE":
                return self.instance
            case "_HASH":
                return "#"
            case "_BANG":
                return "!"
            case "_ENV":
                return self.surroundings.variable(argument)
            case _:
                return None


def definition(line: str) -> tuple[str, str] | None:
    """Return the name and the value if *line* defines a variable."""
    match = _DEFINITION.fullmatch(line)
    return (match[1], match[2]) if match else None


def undefined(line: str) -> str:
    """Return the first variable that is left in *line*; empty: none is."""
    match = _REFERENCE.search(line)
    return match[0] if match else ""
