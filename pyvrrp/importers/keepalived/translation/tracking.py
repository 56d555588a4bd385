"""Translate what instances and groups track: scripts, processes, interfaces and files."""

import math
from collections.abc import Mapping

from pyvrrp.config.values.scalars import interface_name, name, wrong
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.syntax.words import UnreadableTextError, command_words
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.scripts import Weighted, weight_of
from pyvrrp.importers.keepalived.translation.values import boolean, number, only_value, time
from pyvrrp.units import SECOND

_MOST_POINTS, _FILE_POINTS = 253, 254
_LONGEST_DELAY = 3600.0
_MOST_PROCESSES = 65_535


class Processes:
    """Reads ``vrrp_track_process`` into checks."""

    def __init__(self, context: Context, tracked: dict[str, Weighted]) -> None:
        self._context = context
        self._tracked = tracked
        self._table: Document = {}
        self._weight = (0, False)
        self._full = False
        self._arguments: list[str] = []
        self._handlers: dict[str, Handler] = {
            "process": self._process,
            "quorum": self._quorum,
            "quorum_max": self._quorum,
            "weight": self._read_weight,
            "delay": self._delay,
            "fork_delay": self._delay,
            "terminate_delay": self._delay,
            "full_command": self._full_command,
            "param_match": self._param_match,
        }

    def read(self, statement: Statement) -> None:
        """Read one block."""
        written = only_value(statement)
        self._table = {"rise": 1, "fall": 1}
        self._weight, self._arguments = (0, False), []
        self._context.read("vrrp_track_process", statement.block or [], self._handlers)
        if "process" not in self._table:
            raise wrong(f"{written} has no process")
        check = self._context.name(written, self._context.check_names)
        self._context.checks[check] = {"process": self._table.pop("process"), **self._table}
        self._tracked[written] = Weighted(check, *self._weight)
        self._context.imported(statement, f"check.{check}")

    def _process(self, statement: Statement) -> None:
        try:
            words = command_words(statement.text)[1:]
            words = [*command_words(words[0]), *words[1:]]
        except (UnreadableTextError, IndexError):
            raise wrong("names no process") from None
        if not words or not words[0].rpartition("/")[2]:
            raise wrong("names no process")
        self._table["process"] = words[0].rpartition("/")[2]
        if words[1:]:
            raise wrong("parameters of processes are not compared; write a check with command_line")
        self._context.imported(statement)

    def _quorum(self, statement: Statement) -> None:
        key = "at_least" if statement.keyword == "quorum" else "at_most"
        self._table[key] = number(only_value(statement), 0, _MOST_PROCESSES)
        self._context.imported(statement)

    def _read_weight(self, statement: Statement) -> None:
        only_value(statement)
        self._weight = weight_of(statement.values, _FILE_POINTS - 1)
        self._context.imported(statement)

    def _delay(self, statement: Statement) -> None:
        delay = time(only_value(statement), 0, _LONGEST_DELAY)
        counts = min(100, max(1, math.ceil(delay / SECOND)))
        if statement.keyword != "terminate_delay":
            self._table["rise"] = counts
        if statement.keyword != "fork_delay":
            self._table["fall"] = counts
        if counts > 1:
            self._context.changed(statement, f"{counts} looks in a row, one each second")
        else:
            self._context.imported(statement)

    def _full_command(self, statement: Statement) -> None:
        if boolean(statement):
            self._context.changed(statement, "the name of the process is compared")
        else:
            self._context.imported(statement)

    def _param_match(self, statement: Statement) -> None:
        self._context.refused(statement, "write a check with process and command_line instead")


class TrackFiles:
    """Reads ``track_file`` into ``[track_file.NAME]`` tables."""

    def __init__(self, context: Context) -> None:
        self.tables: dict[str, Document] = {}
        self._context = context
        self._table: Document = {}
        self._handlers: dict[str, Handler] = {"file": self._file, "weight": self._weight}

    def read(self, statement: Statement) -> None:
        """Read one block."""
        if not self._context.has(statement, Feature.TRACK_FILES):
            for entry in statement.block or []:
                self._context.has(entry, Feature.TRACK_FILES)
            return
        written = name(only_value(statement))
        self._table = {"weight": 1}
        self._context.read("track_file", statement.block or [], self._handlers)
        if "path" not in self._table:
            raise wrong(f"{written} has no file")
        if self._table["weight"] == 0:
            del self._table["weight"]
        self.tables[written] = self._table
        self._context.imported(statement)

    def _file(self, statement: Statement) -> None:
        self._table["path"] = only_value(statement)
        self._context.imported(statement)

    def _weight(self, statement: Statement) -> None:
        only_value(statement)
        weight, reverse = weight_of(statement.values, _FILE_POINTS)
        if reverse and not self._context.has(statement, Feature.REVERSE):
            return
        self._table["weight"] = -weight if reverse else weight
        self._context.imported(statement)


class Tracking:
    """Reads the ``track_`` blocks of an instance or a group into its table *router*."""

    def __init__(
        self,
        context: Context,
        router: Document,
        tracked: tuple[dict[str, Weighted], dict[str, Weighted]],
    ) -> None:
        self._context = context
        self._router = router
        self._scripts, self._processes = tracked
        self.weighted: list[tuple[Statement, Weighted]] = []
        self.handlers: dict[str, Handler] = {
            "track_script": self._entries(self._script),
            "track_process": self._entries(self._process),
            "track_interface": self._entries(self._interface),
            "track_file": self._entries(self._file),
        }

    def _entries(self, read: Handler) -> Handler:
        def entries(statement: Statement) -> None:
            self._context.imported(statement)
            for entry in statement.block or []:
                for single in _singles(entry):
                    self._context.read_one(single, read)

        return entries

    def _script(self, statement: Statement) -> None:
        self._check(statement, self._scripts, "vrrp_script")

    def _process(self, statement: Statement) -> None:
        self._check(statement, self._processes, "vrrp_track_process")

    def _check(self, statement: Statement, known: dict[str, Weighted], kind: str) -> None:
        tracked = known.get(statement.keyword)
        if tracked is None:
            raise wrong(f"there is no {kind} of this name that can run")
        weight, reverse = _weight(statement, (tracked.weight, tracked.reverse))
        if reverse and not self._context.has(statement, Feature.REVERSE):
            return
        self.weighted.append((statement, Weighted(tracked.check, weight, reverse)))

    def _interface(self, statement: Statement) -> None:
        weight, reverse = _weight(statement, (0, False))
        if self._context.has(statement, Feature.TRACK_INTERFACES):
            element = {"name": interface_name(statement.keyword)}
            self._add("track_interfaces", _element(element, weight, "interface", reverse=reverse))
            self._context.imported(statement)

    def _file(self, statement: Statement) -> None:
        weight, reverse = _weight(statement, (0, False))
        if self._context.has(statement, Feature.TRACK_FILES):
            element = {"name": name(statement.keyword)}
            self._add("track_files", _element(element, weight, "name", reverse=reverse))
            self._context.imported(statement)

    def _add(self, key: str, element: object) -> None:
        listed = self._router.setdefault(key, [])
        if isinstance(listed, list):
            listed.append(element)

    def finish(self, *, grouped: bool, weights_count: bool) -> None:
        """Write the checks. The weights of a member of a group count only if *weights_count*."""
        for statement, tracked in self.weighted:
            if tracked.weight and grouped and not weights_count:
                what = "keepalived ignores weights in a sync group"
                self._context.ignored(statement, what)
                continue
            element = _element(
                {"name": tracked.check}, tracked.weight, "name", reverse=tracked.reverse
            )
            self._add("checks", element)
            self._context.imported(statement, f"check {tracked.check}")


def _element(table: Mapping[str, object], weight: int, key: str, *, reverse: bool) -> object:
    (value,) = table.values()
    element: Document = {key: value}
    if weight:
        element["weight"] = weight
    if reverse:
        element["reverse"] = True
    return element if len(element) > 1 else value


def _weight(statement: Statement, default: tuple[int, bool]) -> tuple[int, bool]:
    if not statement.values:
        return default
    if statement.values[0] != "weight" or len(statement.values) == 1:
        raise wrong(f"{' '.join(statement.values)} is not understood; write weight and a number")
    weight, reverse = weight_of(statement.values[1:])
    explicit = statement.values[2:] != []
    return weight, reverse if explicit or default[0] == 0 else default[1]


def _singles(entry: Statement) -> list[Statement]:
    """Return the entries of one line: one, or several names without weights."""
    if len(entry.words) == 1 or "weight" in entry.words:
        return [entry]
    return [Statement([word], word, entry.source) for word in entry.words]
