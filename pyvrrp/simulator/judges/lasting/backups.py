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

    def lateness(self, router: ObservedRouter) -> int:
        """Judge whether a healthy backup waits longer than it has to."""
        node, members = router.node, router.members
        since = latest((node.running_since, router.interface.sound_since))
        ready = latest((router.healthy_since(), self._facts.able_since(router)))
        if since is None or ready is None or node.simulated.stopping:
            return FOREVER
        if any(one.state != "BACKUP" for one in members):
            return FOREVER
        if router.exclusive:
            return FOREVER  # it may have to wait for the key while another node has it
        # All members of a group take over when the last of them may.
        due = max(one.takeover.due() for one in members)
        # Packets that waited in the socket of a stopped process count when they are read.
        placed, limit = self._waits.get(router) or self._waits_of(router)
        begun = max(max(one.state_since, one.priority_since) for one in members)
        ready = max(since + placed, ready, begun)
        overdue, now = node.time.now() - due, self._engine.now
        if min(overdue, now - ready) > limit:
            self._broken(
                InvariantName.NOT_LATE,
                router.who,
                f"could have taken over {words(overdue)} ago",
            )
        return max(node.last_instant_of(due + limit), ready + limit)

    def _waits_of(self, router: ObservedRouter) -> tuple[int, int]:
        """Return how long it has to be able to take over, and how late it may then be."""
        members, bounds = router.members, self._bounds
        placed = max(bounds.placed(one.id, one.config) for one in members)
        # A claim may ask for one more probe, and a probe under way may have to end first.
        looking = max(bounds.looking(one.node.name, one.config) for one in members)
        self._waits[router] = placed, looking + bounds.removal
        return self._waits[router]
