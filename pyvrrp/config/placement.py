"""Who will hold what, from the configuration alone: the election among nodes that all are well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyvrrp.config.model import Configuration, VirtualRouterConfig


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


def place(planned: Iterable[Service], failed: Iterable[str]) -> dict[str, str | None]:
    """Return the holder of each service while the nodes *failed* are down."""
    down = frozenset(failed)
    return {
        service.name: next((node for node in service.order if node not in down), None)
        for service in planned
    }


def standbys(service: Service, holder: str | None, failed: Iterable[str]) -> tuple[str, ...]:
    """Return who takes over from *holder*, one after the other."""
    down = frozenset((*failed, holder))
    return tuple(node for node in service.order if node not in down)


def moves(planned: Sequence[Service], failed: Sequence[str], node: str) -> tuple[Move, ...]:
    """Return what happens if *node* fails too."""
    before = place(planned, failed)
    after = place(planned, (*failed, node))
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
