"""Translate the lines of ``virtual_routes``, ``virtual_rules`` and the static ones."""

from collections.abc import Callable, Iterator

from pyvrrp.config.values.scalars import WrongValueError, wrong
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.context import Context, Document
from pyvrrp.importers.keepalived.translation.values import number

_TYPES = frozenset(["unicast", "blackhole", "unreachable", "prohibit"])
_MOST = 2**32 - 1
_ROUTE_TEXT = {
    "to": "to",
    "via": "via",
    "gw": "via",
    "dev": "interface",
    "oif": "interface",
    "src": "source",
    "scope": "scope",
    "table": "table",
}
_ROUTE_NUMBER = {"metric": "metric", "mtu": "mtu"}
_RULE_TEXT = {
    "from": "from",
    "to": "to",
    "table": "table",
    "lookup": "table",
    "dev": "in_interface",
    "iif": "in_interface",
    "oif": "out_interface",
}
_RULE_NUMBER = {
    "priority": "priority",
    "preference": "priority",
    "order": "priority",
    "pref": "priority",
    "fwmark": "mark",
}
_DEFAULTS = frozenset(["default", "0.0.0.0/0", "::/0", "0/0"])
_TABLES = {"main": 254, "default": 253, "local": 255}


def routes(context: Context, block: list[Statement]) -> Iterator[Document]:
    """Yield the routes of *block*. Report each line."""
    yield from _tables(context, block, Feature.ROUTES, _route)


def rules(context: Context, block: list[Statement]) -> Iterator[Document]:
    """Yield the rules of *block*. Report each line."""
    yield from _tables(context, block, Feature.RULES, _rule)


def _tables(
    context: Context,
    block: list[Statement],
    feature: Feature,
    read: Callable[[list[str]], Document],
) -> Iterator[Document]:
    for statement in block:
        if not context.has(statement, feature):
            continue
        try:
            table = read(statement.words)
        except WrongValueError as error:
            context.refused(statement, str(error))
            continue
        context.imported(statement)
        yield table


def _route(words: list[str]) -> Document:
    table: Document = {}
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word in _TYPES:
            table["type"] = word
        elif word == "no_track":
            table["track"] = False
        elif word == "or":
            first = {"via": table.pop("via", ""), "weight": 1}
            table["nexthops"] = [first, {"via": _next(rest, word), "weight": 1}]
        elif word in _ROUTE_TEXT:
            table[_ROUTE_TEXT[word]] = _text(word, _next(rest, word))
        elif word in _ROUTE_NUMBER:
            table[_ROUTE_NUMBER[word]] = number(_next(rest, word), 0, _MOST)
        elif "to" not in table:
            table["to"] = _destination(word)
        else:
            raise wrong(f"{word} is not offered")
    if "to" not in table:
        raise wrong("has no destination")
    table["to"] = _destination(str(table["to"]))
    return table


def _rule(words: list[str]) -> Document:
    table: Document = {}
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "no_track":
            table["track"] = False
        elif word == "not":
            table["invert"] = True
        elif word in _TYPES:
            table["type"] = word
        elif word in _RULE_TEXT:
            value = _next(rest, word)
            if word not in {"from", "to"} or value != "all":
                table[_RULE_TEXT[word]] = _text(word, value)
        elif word in _RULE_NUMBER:
            table[_RULE_NUMBER[word]] = number(_next(rest, word), 0, _MOST)
        else:
            raise wrong(f"{word} is not offered")
    return table


def _next(rest: list[str], word: str) -> str:
    if not rest:
        raise wrong(f"{word} has no value")
    return rest.pop()


def _text(word: str, value: str) -> object:
    if word in {"table", "lookup"}:
        return _TABLES[value] if value in _TABLES else number(value, 1, _MOST)
    return value


def _destination(written: str) -> str:
    return "default" if written in _DEFAULTS else written
