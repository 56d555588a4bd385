"""The priority of a node: a number, a table by node, or a list of nodes, the preferred first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pyvrrp.config.values.scalars import (
    array_of,
    integer,
    name,
    optional,
    refuse_repeated,
    shown,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, each_entry

Preference: TypeAlias = int | Mapping[str, int]

_FIRST, _STEP = 254, 10
_MOST_NODES = 26  # the last one has 254 - 25 * 10 = 4; a priority is at least 1
DEFAULT_PRIORITY = 100

_priority = integer(1, 255)


def priority(value: object) -> Preference:
    """Return the priority, or the priorities by node."""
    if isinstance(value, Mapping):
        return dict(each_entry(value, lambda node, number: (name(node), _priority(number))))
    if isinstance(value, int) and not isinstance(value, bool):
        return _priority(value)
    raise wrong(
        f"must be a number from 1 to 255 or a table {{ NODE = NUMBER }}, not {shown(value)}"
    )


_names = array_of(name, "node names")


def nodes(value: object) -> Mapping[str, int]:
    """Return the priorities of a list of nodes: 254, 244, 234 and so on."""
    listed = _names(value)
    if not 1 <= len(listed) <= _MOST_NODES:
        raise wrong(f"must list from 1 to {_MOST_NODES} nodes, not {len(listed)}")
    refuse_repeated(listed)
    return {node: _FIRST - _STEP * index for index, node in enumerate(listed)}


PRIORITY: Key[Preference | None] = Key("priority", optional(priority))
NODES: Key[Mapping[str, int] | None] = Key("nodes", optional(nodes))


@dataclass(frozen=True, slots=True)
class Rank:
    """The priorities of the nodes in one virtual router.

    ``priority`` is that of this node; None: the file does not list this node. ``ranking`` has all
    nodes that the file names, the most preferred first; it is empty if the file gives a number.
    """

    priority: int | None
    ranking: tuple[tuple[str, int], ...] = ()


def rank(section: Section, node: str | None) -> Rank:
    """Return the priority of *node* (None: its name is not known) and those of the others."""
    given, listed = section.read(PRIORITY), section.read(NODES)
    if section.given(PRIORITY) and section.given(NODES):
        section.refuse(NODES, "excludes priority: write one of the two")
        return Rank(DEFAULT_PRIORITY)
    preference = given if listed is None else listed
    if preference is None or isinstance(preference, int):
        return Rank(DEFAULT_PRIORITY if preference is None else preference)
    ranking = tuple(sorted(preference.items(), key=lambda entry: -entry[1]))
    if node is None:
        return Rank(DEFAULT_PRIORITY, ranking)
    return Rank(preference.get(node), ranking)


def refuse_unlisted(section: Section, node: str, ranking: Iterable[tuple[str, int]]) -> None:
    """Report that *node* has no priority here."""
    listed = ", ".join(name for name, _ in ranking) or "none"
    section.refuse(
        NODES if section.given(NODES) else PRIORITY,
        f'this node is "{node}" and is not listed; listed are {listed}. '
        "If it has another name in this file, set node = or --node",
    )
