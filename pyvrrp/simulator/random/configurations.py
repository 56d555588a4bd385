"""Random configurations, the same for all nodes except for what may differ."""

from collections.abc import Collection, Mapping
from random import Random

_PRIORITIES = (254, 200, 150, 120, 100, 80, 50, 10, 1)
_INTERVALS = ("1s", "1s", "1s", "500ms", "200ms", "100ms", "2s")
GROUP, WEIGHT, LAST_RESORT = "group", "weight", "last_resort"
FEATURES = (GROUP, WEIGHT, LAST_RESORT)
_CHANCE = 0.15


def documents_of(random: Random, nodes: int) -> dict[str, Mapping[str, object]]:
    """Return what each node is configured with."""
    names = [f"n{index + 1}" for index in range(nodes)]
    version = 2 if random.random() < 0.15 else 3  # noqa: PLR2004 - a chance
    interval = "1s" if version == 2 else random.choice(_INTERVALS)  # noqa: PLR2004 - VRRPv2
    checks = _checks(random)
    routers = [_router(random, names, version, interval, checks, 0)]
    if random.random() < 0.2:  # noqa: PLR2004 - a chance
        routers.append(_router(random, list(reversed(names)), version, interval, checks, 1))
    guardian = random.random() < 0.4  # noqa: PLR2004 - a chance
    documents: dict[str, Mapping[str, object]] = {}
    for name in names:
        mine = [dict(router) for router in routers]
        # With intervals that differ by more than a factor of three they never come to rest.
        mixed = version == 3 and interval in {"1s", "2s"}  # noqa: PLR2004 - VRRPv3
        if mixed and random.random() < 0.15:  # noqa: PLR2004 - a chance
            mine = [{**router, "advertisement_interval": "1.5s"} for router in mine]
        document: dict[str, object] = {"guardian": guardian, "virtual_router": mine}
        if checks:
            document["check"] = checks
        documents[name] = document
    return documents


def _checks(random: Random) -> dict[str, object]:
    if random.random() < 0.35:  # noqa: PLR2004 - a chance
        return {}
    checks: dict[str, object] = {}
    for name in ("web", "db")[: random.choice((1, 1, 1, 2))]:
        checks[name] = {
            "http": f"http://127.0.0.1/{name}",
            "interval": random.choice(("1s", "1s", "500ms", "2s")),
            "rise": random.choice((1, 2, 2, 3)),
            "fall": random.choice((1, 2, 2, 3)),
        }
        if random.random() < 0.3:  # noqa: PLR2004 - a chance
            checks[name] = {**dict(_mapping(checks[name])), "timeout": "100ms", "max_age": "300ms"}
    return checks


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _router(
    random: Random,
    names: list[str],
    version: int,
    interval: str,
    checks: Mapping[str, object],
    number: int,
) -> dict[str, object]:
    ranks = sorted(random.sample(_PRIORITIES, len(names)), reverse=True)
    if len(ranks) > 1 and random.random() < 0.2:  # noqa: PLR2004 - a chance
        ranks[1] = ranks[0]
    first = 100 + 10 * number
    addresses = [f"192.0.2.{first + index}/24" for index in range(random.choice((1, 1, 2, 3)))]
    if version == 3 and random.random() < 0.35:  # noqa: PLR2004 - a chance
        six = [f"fe80::5:{first}/64", f"2001:db8::{first}/64"]
        addresses = six if random.random() < 0.3 else [*addresses, *six]  # noqa: PLR2004 - a chance
    router: dict[str, object] = {
        "name": ("web", "mail")[number],
        "interface": "eth0",
        "vrid": 51 + number,
        "version": version,
        "addresses": addresses,
        "advertisement_interval": interval,
        "priority": dict(zip(names, ranks, strict=True)),
        "preempt": random.random() < 0.7,  # noqa: PLR2004 - a chance
    }
    if checks:
        router["checks"] = list(checks)
        router["hold_down"] = {"initial": random.choice(("1s", "5s", "5s", "20s"))}
    if router["preempt"] and random.random() < 0.15:  # noqa: PLR2004 - a chance
        router["preempt_delay"] = "3s"
    if random.random() < 0.05:  # noqa: PLR2004 - a chance
        router["lease"] = "off"
    if random.random() < 0.1:  # noqa: PLR2004 - a chance
        router["announce"] = {"gap": "2ms", "delay": "1s"}
    return router


def add_features(
    random: Random, documents: dict[str, Mapping[str, object]], given: Collection[str]
) -> None:
    """Add the features that are *given*, or drawn, to all documents alike."""
    chosen = [name for name in FEATURES if random.random() < _CHANCE or name in given]
    seed = random.random()
    for node, document in documents.items():
        changed = dict(document)
        for name in chosen:
            changed = _ADD[name](Random(seed), changed)  # noqa: S311 - a simulation
        documents[node] = changed


def _weighted(random: Random, document: dict[str, object]) -> dict[str, object]:
    points = random.choice((-200, -60, -20, 20, 60, 200))
    policy = {"interval": "1s", "timeout": "400ms", "rise": random.choice((1, 2)), "fall": 1}
    checks = dict(_mapping(document.get("check", {})))
    checks["load"] = {"http": "http://127.0.0.1/load", **policy}
    routers = []
    for router in _routers(document):
        names = router.get("checks", [])
        used = [{"name": name} for name in names] if isinstance(names, list) else []
        routers.append({**router, "checks": [*used, {"name": "load", "weight": points}]})
    return {**document, "check": checks, "virtual_router": routers}


def _grouped(random: Random, document: dict[str, object]) -> dict[str, object]:
    first = _routers(document)[0]
    ranks = _mapping(first["priority"])
    taken = set(ranks.values())
    free = [rank for rank in _PRIORITIES if rank not in taken]
    # Two nodes of one priority are refused in a group.
    distinct = dict.fromkeys(ranks.values())
    if len(distinct) < len(ranks):
        ranks = dict(zip(ranks, [*distinct, *free], strict=False))
    first = {**first, "group": "both", "priority": ranks}
    if random.random() < 0.3 and first["version"] != 2:  # noqa: PLR2004 - a chance
        return {**document, "virtual_router": [first]}
    addresses = [f"198.51.100.{number}/24" for number in (110, 111)[: random.choice((1, 2))]]
    second = {**first, "name": "wan", "interface": "eth1", "vrid": 60, "addresses": addresses}
    if random.random() < 0.5:  # noqa: PLR2004 - a coin
        second.pop("checks", None)  # those of the first router close the fence of both
    return {**document, "virtual_router": [first, second]}


def _routers(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    routers = document["virtual_router"]
    return [_mapping(router) for router in routers] if isinstance(routers, list) else []


def _last_resort(random: Random, document: dict[str, object]) -> dict[str, object]:
    del random
    routers = _routers(document)
    if not document.get("check") or any("group" in router for router in routers):
        return document
    # Without a fence there is no last resort.
    when = {"when_all_fail": "last-resort"}
    changed = [{**router, **when} if router.get("checks") else router for router in routers]
    return {**document, "virtual_router": changed}


_ADD = {GROUP: _grouped, WEIGHT: _weighted, LAST_RESORT: _last_resort}
