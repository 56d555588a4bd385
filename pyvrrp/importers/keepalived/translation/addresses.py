"""Translate the lines of ``virtual_ipaddress`` and its relatives."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_interface

from pyvrrp.config.values.addresses import interface_address
from pyvrrp.config.values.scalars import WrongValueError, interface_name, wrong
from pyvrrp.importers.keepalived.features import Feature
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.context import Context, Document

_WITH_VALUE = {"dev": "interface", "scope": "scope", "label": "label", "brd": "broadcast"}
_SYNONYMS = {"broadcast": "brd"}
_REFUSED_WORDS = frozenset(["peer", "use_vmac", "home", "mngtmpaddr", "autojoin"])


@dataclass(slots=True)
class AddressLine:
    """One address of the file, and what the configuration says of it."""

    address: str
    version: int
    options: Document = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def element(self) -> object:
        """Return the element of a list of addresses."""
        return {"address": self.address, **self.options} if self.options else self.address


def addresses(context: Context, block: list[Statement], interface: str) -> Iterator[AddressLine]:
    """Yield the addresses of *block*, on *interface* if a line names no other. Report each line."""
    for statement in block:
        try:
            line = _address(statement, interface)
        except WrongValueError as error:
            context.refused(statement, str(error))
            continue
        if line.options and not context.has(statement, Feature.ADDRESS_OPTIONS):
            continue
        context.imported(statement, "; ".join(line.notes))
        yield line


def _address(statement: Statement, interface: str) -> AddressLine:
    written, *words = statement.words
    parsed = interface_address(written)
    line = AddressLine(str(parsed), parsed.version)
    if "/" not in written:
        line.notes.append(f"has no prefix, so it is /{ip_interface(written).network.prefixlen}")
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        word = _SYNONYMS.get(word, word)
        if word in _REFUSED_WORDS:
            raise wrong(f"{word} is not offered")
        if word in _WITH_VALUE:
            if not rest:
                raise wrong(f"{word} has no value")
            _set(line, word, rest.pop(), interface)
        elif word == "noprefixroute":
            line.options["prefix_route"] = False
        elif word == "no_track":
            line.options["track"] = False
        elif word == "-nodad":
            line.notes.append("duplicate address detection stays off")
        elif word == "preferred_lft":
            rest[-1:] = []
            line.notes.append("the preferred lifetime is chosen by pyvrrp")
        else:
            raise wrong(f"{word} is not understood")
    return line


def _set(line: AddressLine, word: str, value: str, interface: str) -> None:
    if word == "dev":
        if value != interface:
            line.options["interface"] = interface_name(value)
    elif word == "scope":
        if value != "global":
            line.options["scope"] = value
    elif word == "brd" and value in {"+", "-"}:
        if value == "+":
            network = ip_interface(line.address).network
            line.options["broadcast"] = str(network.broadcast_address)
    else:
        line.options[_WITH_VALUE[word]] = value
