"""Who will hold what, from the configuration alone: the election among nodes that all are well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig


@dataclass(frozen=True, slots=True)
class Service:
    """What moves as one: a virtual router with all its families, or a group of several.

    ``order`` has the nodes it may be on, the most preferred first. ``undecided`` are those among
    them that share a priority with another: their addresses decide, which no file tells.
    """

    name: str
    members: tuple[str, ...]
    order: tuple[str, ...]
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """*service* goes from one node to another; None: to nobody."""

    service: str
    before: str
    after: str | None


def services(configuration: Configuration) -> tuple[Service, ...]:
    """Return all services of a configuration for any node, in the order of the file.

    A virtual router of which the file does not name the nodes is none: nobody can tell.
    """
    found: dict[str, list[VirtualRouterConfig]] = {}
    for router in configuration.virtual_routers:
        if router.ranking:
            found.setdefault(router.moves_as, []).append(router)
    return tuple(_service(routers) for routers in found.values())


def unplanned(configuration: Configuration) -> tuple[str, ...]:
    """Return the virtual routers of which the file does not name the nodes."""
    unnamed = [router.name for router in configuration.virtual_routers if not router.ranking]
    return tuple(dict.fromkeys(unnamed))


def nodes(planned: Iterable[Service]) -> tuple[str, ...]:
    """Return every node that is named, in the order of its name."""
    return tuple(sorted({node for service in planned for node in service.order}))


def place(
    planned: Sequence[Service], failed: Iterable[str], most: int | None = None
) -> dict[str, str | None]:
    """Return the holder of each service while the nodes *failed* are down.

    With *most* a node that holds so many leaves a further one to the next that has room, if there
    is one. What is served already stays where it is.
    """
    down = frozenset(failed)
    placed: dict[str, str | None] = {}
    _fill(placed, planned, frozenset(), most)
    for name, holder in placed.items():
        placed[name] = None if holder in down else holder
    _fill(placed, planned, down, most)
    return placed


def _fill(
    placed: dict[str, str | None],
    planned: Sequence[Service],
    down: frozenset[str],
    most: int | None,
) -> None:
    # First what is where it is wanted most, then what has to look for room.
    for wishes in (1, None):
        for service in planned:
            standing = [node for node in service.order[:wishes] if node not in down]
            if placed.get(service.name) is None:
                free = [n for n in standing if most is None or _load(placed, n) < most]
                crowded = standing if wishes is None else []
                placed[service.name] = next(iter([*free, *crowded]), None)


def _load(placed: Mapping[str, str | None], node: str) -> int:
    return list(placed.values()).count(node)


def standbys(service: Service, holder: str | None, failed: Iterable[str]) -> tuple[str, ...]:
    """Return who takes over from *holder*, one after the other."""
    down = frozenset((*failed, holder))
    return tuple(node for node in service.order if node not in down)


def moves(
    planned: Sequence[Service], failed: Sequence[str], node: str, most: int | None = None
) -> tuple[Move, ...]:
    """Return what happens if *node* fails too."""
    before = place(planned, failed, most)
    after = place(planned, (*failed, node), most)
    return tuple(
        Move(service.name, node, after[service.name])
        for service in planned
        if before[service.name] == node
    )


def pile_up(happening: Sequence[Move]) -> str | None:
    """Return the node that all of several moves end on, if there is one."""
    ends = {move.after for move in happening}
    return ends.pop() if len(happening) > 1 and len(ends) == 1 else None


def _service(routers: Sequence[VirtualRouterConfig]) -> Service:
    router = routers[0]
    members = tuple(dict.fromkeys(member.name for member in routers))
    priorities = [priority for _, priority in router.ranking]
    undecided = {node for node, priority in router.ranking if priorities.count(priority) > 1}
    order = tuple(node for node, _ in router.ranking)
    return Service(router.moves_as, members, order, frozenset(undecided))
