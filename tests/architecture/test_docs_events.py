"""The tables of events and counters in docs/events.md agree with the source."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyvrrp.runtime.base.counters import INTERFACE_COUNTERS, VIRTUAL_ROUTER_COUNTERS
from tests.architecture.tree import ROOT, modules, parsed

RECORDERS = {
    "record",
    "warn_rarely",
    "tell_rarely",
    "_report",
}  # the last passes its arguments to `record`


@dataclass
class Known:
    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def events_of_the_source() -> dict[str, Known]:
    found: dict[str, Known] = {}
    for module in modules():
        if module.parts[1] in {"runtime", "daemon"}:
            for name, call in recordings(parsed(module)):
                event = found.setdefault(name, Known())
                event.levels |= levels(call)
                event.fields |= fields(call)
    return found


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def recordings(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the names of the events that a module records, each with the call."""
    for function in functions(tree):
        own = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and called(call) in RECORDERS and call.args):
                continue
            match call.args[0]:
                case ast.Constant(value=str(name)):
                    yield name, call
                case ast.Name(id=variable) if variable not in own:
                    for name in assigned(tree, function, variable):
                        yield name, call
                case ast.Name():
                    pass  # a parameter: the name is in the calls of this function
                case other:
                    raise AssertionError(f"unknown name of the event: {ast.unparse(other)}")


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def assigned(tree: ast.Module, function: ast.AST, variable: str) -> list[str]:
    """Return the values of *variable*: constants, or the first values that a method returns."""
    names: list[str] = []
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=str(name))):
                names += [name] if target == variable else []
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=target), *_])], value=ast.Call() as call
            ):
                names += returned(tree, called(call)) if target == variable else []
            case _:
                pass
    assert names, f"unknown values of {variable}"
    return names


def returned(tree: ast.Module, method: str) -> list[str]:
    """Return the constants that are first in the tuples that *method* returns."""
    (function,) = (function for function in functions(tree) if function.name == method)
    names = []
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(name)), *_])):
                names.append(name)
            case _:
                pass
    return names


def levels(call: ast.Call) -> set[str]:
    if called(call) == "warn_rarely":
        return {"warning"}
    if called(call) == "tell_rarely":
        return {"info"}
    given = [keyword.value for keyword in call.keywords if keyword.arg == "level"]
    if not given:
        return {"info"}
    return {
        node.attr.lower()
        for node in ast.walk(given[0])
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Level"
    }


def fields(call: ast.Call) -> set[str]:
    keys = {"suppressed"} if called(call) in {"warn_rarely", "tell_rarely"} else set()
    for keyword in call.keywords:
        if keyword.arg == "fields":
            assert isinstance(keyword.value, ast.Dict), ast.unparse(call)
            for key in keyword.value.keys:
                assert isinstance(key, ast.Constant)
                keys.add(str(key.value))
    return keys


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below *heading*, without its first two lines."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9_]+)`", cell)


def events_of_the_page() -> dict[str, Known]:
    return {
        named(name)[0]: Known(set(level.split(", ")), set(named(numbers)))
        for name, level, _, numbers in table("Events")
    }


def test_the_table_of_events_agrees_with_the_source() -> None:
    page, source = events_of_the_page(), events_of_the_source()
    assert sorted(page) == sorted(source)
    assert page == source


def test_each_event_has_one_row_with_an_explanation() -> None:
    rows = table("Events")
    assert len({row[0] for row in rows}) == len(rows)
    assert all(row[2] for row in rows)


def test_the_tables_of_counters_agree_with_the_source() -> None:
    assert [named(row[0])[0] for row in table("Counters of a virtual router")] == list(
        VIRTUAL_ROUTER_COUNTERS
    )
    assert [named(row[0])[0] for row in table("Counters of an interface")] == list(
        INTERFACE_COUNTERS
    )


def test_an_event_whose_name_is_in_a_variable_is_found() -> None:
    tree = ast.parse(
        "def f(self, bad):\n"
        "    if bad:\n"
        "        name = 'one'\n"
        "    else:\n"
        "        name = 'two'\n"
        "    self.journal.warn_rarely(name, 'text', fields={'n': 1})\n"
        "    self.journal.record('three', 'text', level=Level.ERROR)\n"
        "def g(self):\n"
        "    name, text = self._words()\n"
        "    self.journal.record(name, text)\n"
        "def _words(self):\n"
        "    return 'four', 'text'\n"
        "def record(self, name, text):\n"
        "    self.other.record(name, text)\n"
    )
    found = [(name, levels(call), fields(call)) for name, call in recordings(tree)]
    assert sorted(found, key=lambda one: one[0]) == [
        ("four", {"info"}, set()),
        ("one", {"warning"}, {"n", "suppressed"}),
        ("three", {"error"}, set()),
        ("two", {"warning"}, {"n", "suppressed"}),
    ]
