"""Environment variables in a document: ``${NAME}`` in strings; ``$$`` is a dollar sign."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyvrrp.config.values.origins import Origins
from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import path_key
from pyvrrp.errors import Problem

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$(?:(\$)|\{([^}]*)(\}?))")
# No known key is nested deeper. Dotted keys can nest deeper than Python can recurse.
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Expansion:
    """Expands the variables in one document. What is wrong is added to *problems*."""

    environment: Mapping[str, str]
    origins: Origins
    problems: list[Problem] = field(default_factory=list)

    def document(self, document: Mapping[str, object]) -> dict[str, object]:
        """Return *document* with every string value expanded. Keys are not expanded."""
        return {key: self._top(key, value) for key, value in document.items()}

    def _top(self, key: str, value: object) -> object:
        if key == "virtual_router" and isinstance(value, list):
            return [self._virtual_router(index, entry) for index, entry in enumerate(value)]
        if key == "check" and isinstance(value, dict):
            return {name: self._value(self.origins.check(name), v, 0) for name, v in value.items()}
        if key == "resource" and isinstance(value, dict):
            where = self.origins.resource
            return {name: self._value(where(name), v, 0) for name, v in value.items()}
        return self._value(f"{self.origins.files.get(key, '')}{path_key(key)}", value, 0)

    def _virtual_router(self, index: int, entry: object) -> object:
        named = entry
        if isinstance(entry, dict) and "name" in entry:
            # The path contains the expanded name. Problems with the name are reported below.
            name = Expansion(self.environment, self.origins).document({"name": entry["name"]})
            named = {**entry, **name}
        return self._value(self.origins.virtual_router(index, named), entry, 0)

    def _value(self, path: str, value: object, depth: int) -> object:
        if depth > _DEEPEST:
            return value
        match value:
            case str():
                return self._string(path, value)
            case list():
                return [self._value(f"{path}[{i}]", v, depth + 1) for i, v in enumerate(value)]
            case dict():
                return {
                    key: self._value(f"{path}.{path_key(key)}", inner, depth + 1)
                    for key, inner in value.items()
                }
            case _:
                return value

    def _string(self, path: str, value: str) -> str:
        def replacement(match: re.Match[str]) -> str:
            dollar, name, closed = match.groups(default="")
            if dollar:
                return "$"
            if not closed or _NAME.fullmatch(name) is None:
                hint = 'write ${NAME}, or "$$" for a dollar sign'
                what = f"{shown(match[0])} is not a variable; {hint}"
            elif name in self.environment and _is_utf_8(self.environment[name]):
                return self.environment[name]
            elif name in self.environment:
                what = f"the environment variable {name} is not UTF-8"
            else:
                what = f"the environment variable {name} is not set"
            self.problems.append(Problem(path, what))
            return match[0]

        return _REFERENCE.sub(replacement, value)


def _is_utf_8(value: str) -> bool:
    # Python represents other octets of the environment by halves of surrogate pairs.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
