"""Which priority a node has: a number, a table by node, or a list in order of preference."""

from collections.abc import Mapping
from typing import TypeAlias

from pyvrrp.config.keys import Key, Section, bare
from pyvrrp.config.values import (
    WrongValueError,
    array_of,
    integer,
    name,
    optional,
    refuse_twice,
    shown,
    table,
    wrong,
)
from pyvrrp.errors import Problem

Preference: TypeAlias = int | Mapping[str, int]

_FIRST, _STEP = 254, 10
_MOST_NODES = 26  # 254 less 25 steps is 4, and 0 means something else
DEFAULT_PRIORITY = 100

_priority = integer(1, 255)


def priority(value: object) -> Preference:
    """Return the priority, or the priorities by node."""
    if isinstance(value, Mapping):
        return _priorities(table(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _priority(value)
    raise wrong(
        f"must be a number from 1 to 255 or a table {{ NODE = NUMBER }}, not {shown(value)}"
    )


def _priorities(by_node: Mapping[str, object]) -> Mapping[str, int]:
    parsed: dict[str, int] = {}
    problems: list[Problem] = []
    for node, value in by_node.items():
        try:
            parsed[name(node)] = _priority(value)
        except WrongValueError as error:
            problems += [Problem(f".{bare(node)}", problem.what) for problem in error.problems]
    if problems:
        raise WrongValueError(*problems)
    return parsed


_names = array_of(name, "node names")


def nodes(value: object) -> Mapping[str, int]:
    """Return the priorities of the nodes listed: 254, 244, 234 and so on."""
    listed = _names(value)
    if not 1 <= len(listed) <= _MOST_NODES:
        raise wrong(f"must list from 1 to {_MOST_NODES} nodes, not {len(listed)}")
    refuse_twice(listed)
    return {node: _FIRST - _STEP * index for index, node in enumerate(listed)}


PRIORITY: Key[Preference | None] = Key("priority", optional(priority))
NODES: Key[Mapping[str, int] | None] = Key("nodes", optional(nodes))


def own_priority(section: Section, node: str | None) -> int:
    """Return the priority of *node* (None: its name is not known) in this virtual router."""
    given, listed = section.read(PRIORITY), section.read(NODES)
    if section.given(PRIORITY) and section.given(NODES):
        section.refuse(NODES, "excludes priority: write one of the two")
        return DEFAULT_PRIORITY
    key, preference = (PRIORITY, given) if listed is None else (NODES, listed)
    if preference is None or isinstance(preference, int):
        return DEFAULT_PRIORITY if preference is None else preference
    if node is None or node in preference:
        return preference.get(node or "", DEFAULT_PRIORITY)
    section.refuse(
        key,
        f'this node is "{node}" and is not listed; listed are {", ".join(preference) or "none"}. '
        "If it goes by another name here, say node = or --node",
    )
    return DEFAULT_PRIORITY
