"""Random scenarios with a lease in etcd: the lease, and the times without etcd."""

from collections.abc import Iterable, Mapping
from random import Random

from pyvrrp.simulator.scenario.fault import Fault, FaultKind
from pyvrrp.units import MILLISECOND, Nanoseconds

LEASE = "lease"
_LONGER_TTLS = {"2s": ("12s", "15s"), "1.5s": ("10s", "12s")}  # for longer address leases
_ALONE = {"group", "when_all_fail"}  # a last resort is refused beside a lease
_SHORT_TTLS = ("6s", "7s", "10s")
_EVERYWHERE = 0.3
_STOPPED_TOO = 0.4


def with_lease(documents: dict[str, Mapping[str, object]], random: Random) -> bool:
    """Give every virtual router a lease, if all of them can have one; tell whether they can."""
    routers = [router for document in documents.values() for router in _routers(document)]
    # The members of a group share one lease; each of them with its own is refused.
    if any(router.get("lease") == "off" or _ALONE & set(router) for router in routers):
        return False
    intervals = {str(router["advertisement_interval"]) for router in routers}
    ttl = random.choice(next((t for i, t in _LONGER_TTLS.items() if i in intervals), _SHORT_TTLS))
    lease: dict[str, object] = {"lease": "http://etcd:2379", "ttl": ttl}
    if random.random() < 0.3:  # noqa: PLR2004 - a chance
        lease |= {"interval": "500ms", "timeout": "300ms"}
    for name, document in documents.items():
        checks = document.get("check", {})
        documents[name] = {
            **document,
            "check": {**(checks if isinstance(checks, Mapping) else {}), "cluster": lease},
            "virtual_router": [
                {**router, "checks": [*_checks(router), _named(router, "cluster")]}
                for router in _routers(document)
            ],
        }
    return True


def without_etcd(nodes: Iterable[str], random: Random) -> list[Fault]:
    """Return when etcd is down, or is not reached by one of *nodes*."""
    names = list(nodes)
    faults = []
    for _ in range(random.choice((0, 1, 2, 4))):
        everywhere = random.random() < _EVERYWHERE
        at = random.uniform(3, 30)
        lasting = random.choice((0.3, 1.5, 4.0, 8.0, 15.0)) * random.uniform(0.8, 1.2)
        node = "" if everywhere else random.choice(names)
        chance = 1.0 if everywhere else random.choice((1.0, 1.0, 0.7, 0.4))
        faults.append(Fault(_ns(at), FaultKind.ETCD, node, duration=_ns(lasting), chance=chance))
        if node and random.random() < _STOPPED_TOO:
            # The daemon is stopped while the proof of its key gets old, and cannot let go.
            stopped, lasting = at + random.uniform(1, 10), random.uniform(1, 12)
            faults.append(Fault(_ns(stopped), FaultKind.FREEZE, node, duration=_ns(lasting)))
    return faults


def _routers(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    routers = document["virtual_router"]
    return routers if isinstance(routers, list) else []


def _checks(router: Mapping[str, object]) -> list[object]:
    checks = router.get("checks", [])
    return checks if isinstance(checks, list) else []


def _named(router: Mapping[str, object], check: str) -> object:
    tables = any(isinstance(other, Mapping) for other in _checks(router))
    return {"name": check} if tables else check


def _ns(seconds: float) -> Nanoseconds:
    return Nanoseconds(round(seconds * 1000) * MILLISECOND)
