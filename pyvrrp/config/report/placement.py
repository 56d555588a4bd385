"""Which node will hold what, calculated from the configuration, while no check fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig


@dataclass(frozen=True, slots=True)
class PlannedService:
    """What moves together: a virtual router with both families, or a group of several.

    ``members`` are the names of its virtual routers. ``order`` are the nodes that may hold it, the
    most preferred first. ``undecided`` are the nodes that have the same priority as another one:
    between them the addresses of the nodes decide, which the file does not contain.
    """

    name: str
    members: tuple[str, ...]
    order: tuple[str, ...]
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServiceMove:
    """The service moves from node *before* to node *after*; None: no node can hold it."""

    service: str
    before: str
    after: str | None


def services(configuration: Configuration) -> tuple[PlannedService, ...]:
    """Return all services of a configuration that has the virtual routers of all nodes.

    They are in the order of the file. A virtual router whose nodes the file does not name is left
    out, because its holder is not known.
    """
    found: dict[str, list[VirtualRouterConfig]] = {}
    for router in configuration.virtual_routers:
        if router.ranking:
            found.setdefault(router.moves_as, []).append(router)
    return tuple(_service(routers) for routers in found.values())


def not_planned(configuration: Configuration) -> tuple[str, ...]:
    """Return the names of the virtual routers whose nodes the file does not name."""
    unnamed = [router.name for router in configuration.virtual_routers if not router.ranking]
    return tuple(dict.fromkeys(unnamed))


def nodes(planned: Iterable[PlannedService]) -> tuple[str, ...]:
    """Return every node that is named, sorted by name."""
    return tuple(sorted({node for service in planned for node in service.order}))


def place(
    planned: Sequence[PlannedService], failed: Iterable[str], most: int | None = None
) -> dict[str, str | None]:
    """Return the node that holds each service, by name, while the nodes *failed* are down.

    A node that holds *most* services takes no further one if another node can. A service whose
    node did not fail does not move.
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
    planned: Sequence[PlannedService],
    down: frozenset[str],
    most: int | None,
) -> None:
    # First each service is placed on its most preferred node. Then the others are placed.
    for considered in (1, None):
        for service in planned:
            candidates = [node for node in service.order[:considered] if node not in down]
            if placed.get(service.name) is None:
                free = [n for n in candidates if most is None or _load(placed, n) < most]
                full = candidates if considered is None else []
                placed[service.name] = next(iter([*free, *full]), None)


def _load(placed: Mapping[str, str | None], node: str) -> int:
    return list(placed.values()).count(node)


def standbys(service: PlannedService, holder: str | None, failed: Iterable[str]) -> tuple[str, ...]:
    """Return the nodes that take over when *holder* fails, in their order."""
    down = frozenset((*failed, holder))
    return tuple(node for node in service.order if node not in down)


def moves(
    planned: Sequence[PlannedService], failed: Sequence[str], node: str, most: int | None = None
) -> tuple[ServiceMove, ...]:
    """Return the moves when *node* fails in addition to *failed*."""
    before = place(planned, failed, most)
    after = place(planned, (*failed, node), most)
    return tuple(
        ServiceMove(service.name, node, after[service.name])
        for service in planned
        if before[service.name] == node
    )


def common_destination(several: Sequence[ServiceMove]) -> str | None:
    """Return the node on which all moves end; None: they end on several nodes, or there is one."""
    ends = {move.after for move in several}
    return ends.pop() if len(several) > 1 and len(ends) == 1 else None


def _service(routers: Sequence[VirtualRouterConfig]) -> PlannedService:
    router = routers[0]
    members = tuple(dict.fromkeys(member.name for member in routers))
    priorities = [priority for _, priority in router.ranking]
    undecided = {node for node, priority in router.ranking if priorities.count(priority) > 1}
    order = tuple(node for node, _ in router.ranking)
    return PlannedService(router.moves_as, members, order, frozenset(undecided))
