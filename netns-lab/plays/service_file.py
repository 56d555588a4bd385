"""Several services on several nodes, each with its own order of standbys: one file for all."""

from collections.abc import Mapping, Sequence

from drivers.toml_text import virtual_router
from plays.node import LabNode
from plays.play import Play


def address_of(number: int) -> str:
    """Return the address of the service of that number, which begins with 1."""
    return f"10.9.0.{100 + number}"


def file_for(
    orders: Mapping[str, Sequence[str]],
    interval_ms: int,
    *,
    head: str = "",
    more: Mapping[str, str] | None = None,
    tail: str = "",
    step: int = 0,
) -> str:
    """Return the configuration; *more* has the further keys of a service.

    The priorities are those of `nodes`, 10 apart. With *step* they are 254 and *step* less for each
    further node: for machines whose delays are longer than the skew between two standbys.
    """
    tables = [
        virtual_router(
            *(name, 50 + number, [f"{address_of(number)}/24"], interval_ms),
            *(_preference(order, step), (more or {}).get(name, "")),
        )
        for number, (name, order) in enumerate(orders.items(), start=1)
    ]
    return head + "".join(tables) + tail


def _preference(order: Sequence[str], step: int) -> str:
    if not step:
        return f"nodes = {list(order)}"
    priorities = (f"{name} = {254 - step * place}" for place, name in enumerate(order))
    return f"priority = {{ {', '.join(priorities)} }}"


def build(play: Play, names: Sequence[str], configuration: str) -> dict[str, LabNode]:
    """Add these nodes, all with the same file."""
    nodes = {}
    for number, name in enumerate(names, start=1):
        nodes[name] = play.node(name, f"10.9.0.{number}/24")
        nodes[name].pyvrrp(configuration)
        nodes[name].echo()
    return nodes
