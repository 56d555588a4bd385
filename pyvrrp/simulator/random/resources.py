"""Resources in random scenarios: some have a chain, and some of those a lease in etcd."""

from collections.abc import Mapping
from enum import Enum, auto
from random import Random

RESOURCES = "resources"
_CHANCE = 0.12
_STORE = "http://etcd:2379"


class ChainKind(Enum):
    """Whether the chain of a random scenario has a lease in etcd."""

    ALONE = auto()
    LEASED = auto()


def with_resources(
    seed: int, documents: Mapping[str, Mapping[str, object]], *, wanted: bool | None = None
) -> tuple[dict[str, Mapping[str, object]], ChainKind | None]:
    """Return *documents*, for some seeds with a chain of resources and with little else.

    It has a random generator of its own, so that the other seeds stay the same. *wanted*: with
    resources for every seed, or for none.
    """
    random = Random(f"resources {seed} {len(documents)}")  # noqa: S311 - a simulation
    drawn = random.random() <= _CHANCE
    if not (drawn if wanted is None else wanted):
        return dict(documents), None
    leased = random.random() < 0.6  # noqa: PLR2004 - a chance
    names = ("disk", "db", "app")[: random.choice((1, 2, 2, 3))]
    chained = {
        name: _document(document, names, leased=leased) for name, document in documents.items()
    }
    return dict(chained), ChainKind.LEASED if leased else ChainKind.ALONE


def _document(
    document: Mapping[str, object], names: tuple[str, ...], *, leased: bool
) -> dict[str, object]:
    routers = document["virtual_router"]
    router = dict(routers[0]) if isinstance(routers, list) else {}
    router["addresses"] = ["192.0.2.100/24"]
    router["resources"] = list(names)
    router["lease"] = "auto"
    checks = document.get("check", {})
    checks = dict(checks) if isinstance(checks, Mapping) else {}
    if leased:
        router["checks"] = [*router.get("checks", ()), "key"]
        checks["key"] = {"lease": _STORE, "ttl": "25s", "interval": "1s", "timeout": "500ms"}
    else:
        router["i_accept_split_brain"] = True
    command = {
        "agent": "exec:/bin/true",
        "exclusive": True,
        "start_timeout": "3s",
        "stop_timeout": "2s",
        "monitor_timeout": "1s",
        "monitor_interval": "1s",
        "max_restarts": 1,
        "restart_window": "30s",
    }
    return {
        **document,
        "guardian": True,
        "virtual_router": [router],
        "check": checks,
        "resource": dict.fromkeys(names, command),
    }
