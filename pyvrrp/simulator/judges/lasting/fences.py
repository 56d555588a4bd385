"""Judges how long a fenced node may have an address."""

from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.verdicts import words
from pyvrrp.simulator.scenario.fault import ServiceHealth


class FenceJudge(Judge):
    """Counts by the results that the daemon was given, and by what its services do."""

    def judge(self, router: ObservedRouter) -> int:
        """Judge a running node that has an address."""
        since = latest((router.node.running_since, router.interface.sound_since))
        if not router.held or router.last_resort or since is None:
            return FOREVER
        begun = max(since, min(router.held.values()), router.resort_over_at)
        if router.killed is not None:
            # The guardian of an earlier daemon, whose fence was open, still hands over.
            begun = max(begun, router.killed.at + self._bounds.handed_over(router.config))
        until = FOREVER
        for name in router.fence:
            until = min(until, self._told(router, name, begun), self._bad(router, name, begun))
        return until

    def _told(self, router: ObservedRouter, name: str, begun: int) -> int:
        """Judge by the results that the daemon was given."""
        node, limit, now = router.node, self._bounds.removal, self._engine.now
        closes = node.checks[name].record.closes_at()
        closed = node.time.now() - closes
        if min(closed, now - begun) > limit:
            lasted = min(closed, now - begun)
            self._broken(
                InvariantName.NOT_BEFORE_OPEN,
                router.who,
                f"{name} has closed the fence for {words(lasted)}, and it holds an address",
            )
        return max(node.last_instant_of(closes + limit), begun + limit)

    def _bad(self, router: ObservedRouter, name: str, begun: int) -> int:
        """Judge by what the service does."""
        check = router.node.checks[name]
        if check.bad_since is None:
            return FOREVER
        service = check.service
        stuck = service.health is ServiceHealth.STUCK
        limit = (self._bounds.silent if stuck else self._bounds.failing)(service.check)
        failed = max(check.bad_since, begun)
        return self._judge_duration(
            failed,
            limit,
            InvariantName.FENCED,
            router.who,
            f"{name} has failed for {{}}, and it holds an address",
        )
