"""Judges whether a node may take part in the election, and with which priority (INV4, INV7)."""

from pyvrrp.runtime.base.journal import JournalEvent
from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.priority import LAST_RESORT, priority_in_force
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.protocol_times import master_down
from pyvrrp.simulator.judges.rules.verdicts import words


class StandingJudge(Judge):
    """Compares what daemons report of fences and priorities with an independent count."""

    def priority(self, router: ObservedRouter, event: JournalEvent) -> None:
        """Judge a daemon that reports another priority."""
        router.takeover.stand(int(str(event.fields["to"])), router.here())
        router.priority_since = self._engine.now
        router.heard = None
        self._facts.version += 1
        self.judge(router)

    def last_resort(self, router: ObservedRouter, event: JournalEvent) -> None:
        """Judge a daemon that reports that it serves although fenced, or no longer does."""
        here = router.here()
        router.last_resort = event.name == "last_resort"
        router.resort_over_at = self._engine.now
        self._facts.version += 1
        if not router.last_resort:
            return
        self._case(InvariantName.LAST_RESORT)
        fenced = any(not check.open(here) for check in router.checks())
        silent = self._silent_for(router, here, 4)
        if not (router.config.last_resort and fenced and silent):
            self._broken(
                InvariantName.LAST_RESORT,
                router.who,
                "serves as the last resort, and its checks pass or another router was heard",
            )

    def fence(self, router: ObservedRouter, event: JournalEvent) -> None:
        """Judge a daemon that reports that a fence has opened or closed."""
        here = router.here()
        self._facts.version += 1
        if not event.fields["open"]:
            router.closings.instants.append(here)
            return
        for name in router.config.fence:
            check = router.node.checks[name].record
            if not check.open(here):
                self._broken(
                    InvariantName.NOT_BEFORE_OPEN,
                    router.who,
                    f"the fence opened although {check.check.name} has not passed "
                    f"{check.check.policy.rise} times in a row",
                )
        self._case(InvariantName.HOLD_DOWN)
        ends = router.closings.opens_at()
        if ends is not None and here < ends and not self._silent_for(router, here, 2):
            self._broken(
                InvariantName.HOLD_DOWN,
                router.who,
                f"the fence opened {words(ends - here)} too early",
            )

    def judge(self, router: ObservedRouter) -> int:
        """Judge the priority in force; return until when no check becomes too old for it."""
        here, until = router.here(), FOREVER
        passing = set()
        for weight in router.config.weights:
            record = router.node.checks[weight.check].record
            silent_at = record.silent_at()
            if record.open(here) and silent_at is not None:
                passing.add(weight.check)
                until = min(until, router.node.last_instant_of(silent_at - 1))
        right = priority_in_force(router.config, router.operator, passing)
        if router.priority != (LAST_RESORT if router.last_resort else right):
            self._broken(
                InvariantName.STANDING,
                router.who,
                f"has priority {router.priority} in force, should have {right}",
            )
        return until

    def _silent_for(self, router: ObservedRouter, here: int, waits: int) -> bool:
        """Whether it has heard nobody for so many Master_Down_Intervals."""
        config = router.config
        wait = master_down(config.version, router.priority, int(config.advertisement_interval))
        return router.last_heard is None or here - router.last_heard >= waits * wait
