"""Merge several documents into one. Nothing may be defined in two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.origins import Origins
from pyvrrp.config.values.sections import path_key
from pyvrrp.errors import Problem


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file. *label* is its name in problems, empty for the main file."""

    label: str
    content: Mapping[str, object]

    @property
    def prefix(self) -> str:
        """The beginning of all paths in this file."""
        return f"{self.label}: " if self.label else ""


@dataclass(slots=True)
class Merged:
    """One document made of several: its content, where each part is from, and the problems."""

    content: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _files: dict[str, str] = field(default_factory=dict)
    _routers: list[str] = field(default_factory=list)
    _named: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"check": {}, "resource": {}, "hook": {}}
    )
    _defined_in: dict[str, str] = field(default_factory=dict)  # file by path

    @property
    def origins(self) -> Origins:
        """The file that each part comes from."""
        named = self._named
        return Origins(self._files, self._routers, named["check"], named["resource"], named["hook"])

    def add(self, document: Document, source: str) -> None:
        """Add *document*. *source* is the name of its file in problems of other files."""
        for key, value in document.content.items():
            present = self.content.get(key, [] if key == "virtual_router" else {})
            if key == "virtual_router" and isinstance(value, list) and isinstance(present, list):
                labels = (f"{document.prefix}{key}[{index}]" for index in range(len(value)))
                self._routers.extend(labels)
                self.content[key] = [*present, *value]
            elif key in self._named and isinstance(value, dict) and isinstance(present, dict):
                self.content[key] = {**present, **self._new_tables(key, document, value, source)}
            elif self._is_new(f"{document.prefix}{path_key(key)}", path_key(key), source):
                self._files[key] = document.prefix
                self.content[key] = value

    def _new_tables(
        self, kind: str, document: Document, tables: Mapping[str, object], source: str
    ) -> dict[str, object]:
        new: dict[str, object] = {}
        for name, value in tables.items():
            path = f"{kind}.{path_key(name)}"
            if self._is_new(f"{document.prefix}{path}", path, source):
                self._named[kind][name] = f"{document.prefix}{path}"
                new[name] = value
        return new

    def _is_new(self, path: str, what: str, source: str) -> bool:
        file = self._defined_in.setdefault(what, source)
        if file != source:
            self.problems.append(Problem(path, f"is in {file} already; write it once"))
        return file == source


def merge(documents: Sequence[Document], source: str) -> Merged:
    """Return all *documents* as one; *source* is the main file."""
    merged = Merged()
    for document in documents:
        merged.add(document, document.label or source)
    return merged
