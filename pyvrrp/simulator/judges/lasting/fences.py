"""Judges how long a fenced node may have an address."""

from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Suspension
from pyvrrp.simulator.judges.rules.verdicts import words
from pyvrrp.simulator.scenario.fault import ServiceHealth


class FenceJudge(Judge):
    """Counts by the results that the daemon was given, and by what its services do."""

    def judge(self, router: ObservedRouter) -> int:
        """Judge a machine that has an address.

        Where its daemon runs and its kernel does what it is asked, the addresses are removed at
        once. Elsewhere their lease is the bound.
        """
        powered = router.node.powered_since
        if not router.held or router.last_resort or powered is None:
            return FOREVER
        held = max(powered, min(router.held.values()), router.resort_over_at)
        if router.killed is not None:
            # The guardian of an earlier daemon, whose fence was open, still hands over.
            held = max(held, router.killed.at + self._bounds.handed_over(router.config))
        until = FOREVER
        sound = latest((router.node.running_since, router.interface.sound_since))
        if sound is not None:
            until = self._checks_of(router, max(sound, held), 0)
        if router.config.lease:
            longest = max(self._bounds.lease(one.config) for one in router.members)
            until = min(until, self._checks_of(router, held, longest))
        why = None if sound is not None or router.config.lease else Suspension.ENDLESS
        for name in router.fence:
            if router.node.checks[name].bad_since is not None:
                self._note(InvariantName.FENCED, why)
            if not router.node.checks[name].record.open(router.here()):
                self._note(InvariantName.NOT_BEFORE_OPEN, why)
        return until

    def _checks_of(self, router: ObservedRouter, begun: int, lease: int) -> int:
        until = FOREVER
        for name in router.fence:
            told = self._told(router, name, begun, lease)
            until = min(until, told, self._bad(router, name, begun, lease))
        return until

    def _told(self, router: ObservedRouter, name: str, begun: int, lease: int) -> int:
        """Judge by the results that the daemon was given."""
        node, limit, now = router.node, self._bounds.removal + lease, self._engine.now
        if node.awake_since is None:
            return FOREVER  # it is given no results
        closes = node.checks[name].record.closes_at()
        begun = max(begun, node.started_at)
        closed = node.time.now() - closes
        if min(closed, now - begun) > limit:
            lasted = min(closed, now - begun)
            self._broken(
                InvariantName.NOT_BEFORE_OPEN,
                router.who,
                f"{name} has closed the fence for {words(lasted)}, and it holds an address",
            )
        return max(node.last_instant_of(closes + limit), begun + limit)

    def _bad(self, router: ObservedRouter, name: str, begun: int, lease: int) -> int:
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
            limit + lease,
            InvariantName.FENCED,
            router.who,
            f"{name} has failed for {{}}, and it holds an address",
        )
