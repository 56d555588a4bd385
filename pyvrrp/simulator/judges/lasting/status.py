"""Judges whether a daemon knows which addresses its kernel has (INV14)."""

from dataclasses import dataclass

from pyvrrp.identity import InterfaceAddress
from pyvrrp.runtime.router.router_addresses import RouterAddresses
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.bounds import STATUS_WITHIN
from pyvrrp.simulator.judges.rules.invariants import InvariantName


@dataclass(slots=True)
class _WatchedStatus:
    """What one running daemon says of one virtual router, from when on it must be true."""

    router: ObservedRouter
    addresses: RouterAddresses
    settled_at: int
    agreed: frozenset[InterfaceAddress] | None = (
        None  # what it reported when that was last compared
    )


class StatusJudge(Judge):
    """Compares the status with the kernel, at each look: it changes without notice."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._version = -1
        self._watched: list[_WatchedStatus] = []

    def look(self) -> None:
        """Judge each daemon whose report differs from the last one."""
        if self._version != self._facts.version:
            self._version = self._facts.version
            self._watched = [w for router in self._facts.routers if (w := _watched(router))]
        for watched in self._watched:
            if watched.addresses.present is not watched.agreed:
                self._compare(watched)

    def _compare(self, watched: _WatchedStatus) -> None:
        router, present = watched.router, watched.addresses.present
        if self._engine.now <= watched.settled_at:
            return
        self._case(InvariantName.STATUS)
        if present == frozenset(router.held):
            watched.agreed = present
        else:
            self._broken(
                InvariantName.STATUS,
                router.who,
                f"status shows {len(present)} addresses, the kernel has {len(router.held)}",
            )


def _watched(router: ObservedRouter) -> _WatchedStatus | None:
    running, daemon = router.node.running_since, router.running()
    if running is None or daemon is None:
        return None
    return _WatchedStatus(router, daemon.addresses, max(running, router.changed_at) + STATUS_WITHIN)
