"""Judges backups that could take over and do not."""

from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.verdicts import words


class BackupJudge(Judge):
    """Judges virtual routers in state BACKUP."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._waits: dict[ObservedRouter, tuple[int, int]] = {}
        self._free_since: dict[ObservedRouter, int] = {}

    def lateness(self, router: ObservedRouter) -> int:
        """Judge whether a healthy backup waits longer than it has to."""
        node, members = router.node, router.members
        since = latest((node.running_since, router.interface.sound_since))
        ready = latest((router.healthy_since(), self._facts.able_since(router)))
        if since is None or ready is None or node.simulated.stopping:
            return FOREVER
        if any(one.state != "BACKUP" for one in members):
            return FOREVER
        if router.exclusive and not self._is_key_free(router):
            return int(self._engine.now)  # it is judged again as soon as the key is free
        self._note(InvariantName.NOT_LATE)
        # All members of a group take over when the last of them may.
        due = max(max(one.takeover.due(), one.foreign_until) for one in members)
        # Packets that waited in the socket of a stopped process count when they are read.
        placed, limit = self._waits.get(router) or self._waits_of(router)
        begun = max(max(one.state_since, one.priority_since) for one in members)
        if router.exclusive:
            begun = max(begun, self._free_since[router], self._failing(router))
        ready = max(since + placed, ready, begun)
        overdue, now = node.time.now() - due, self._engine.now
        if min(overdue, now - ready) > limit:
            self._broken(
                InvariantName.NOT_LATE,
                router.who,
                f"could have taken over {words(overdue)} ago",
            )
        return max(node.last_instant_of(due + limit), ready + limit)

    def _is_key_free(self, router: ObservedRouter) -> bool:
        """Record since when no other node has the key in etcd, which its claim has to wait for."""
        reached, holder = self._facts.reaches_etcd_since(router), self._facts.key_holder(router)
        if reached is None or holder not in {None, router.node.name}:
            self._free_since.pop(router, None)
            return False
        since = self._free_since.setdefault(router, int(self._engine.now))
        self._free_since[router] = max(since, reached)
        return True

    def _failing(self, router: ObservedRouter) -> int:
        return self._disturbances.failing_until if router.chained else 0

    def _waits_of(self, router: ObservedRouter) -> tuple[int, int]:
        """Return how long it has to be able to take over, and how late it may then be."""
        members, bounds = router.members, self._bounds
        placed = max(bounds.placed(one.id, one.node.name, one.config) for one in members)
        # A claim may ask for one more probe, and a probe under way may have to end first.
        looking = max(bounds.looking(one.node.name, one.config) for one in members)
        leased = max(bounds.leased(one.config) for one in members)
        chain = max(bounds.chain(one.node.name, one.config) for one in members)
        self._waits[router] = placed, looking + bounds.removal + leased + chain
        return self._waits[router]
